"""`python -m bench.uploads`."""

from bench.uploads.tus import main

main()
