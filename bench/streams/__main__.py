"""`python -m bench.streams`."""

from bench.streams.screens import main

main()
