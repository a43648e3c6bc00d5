"""granian from the peers' environment, in Sluice's: `python _granian.py FOLDER granian's options`."""

import sys

sys.path.append(sys.argv.pop(1))  # at the end: what Sluice has itself comes first

from granian.cli import entrypoint

if __name__ == "__main__":
    entrypoint()
