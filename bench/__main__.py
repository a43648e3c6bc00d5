"""`make bench`: every benchmark, one after the other; each prints its figures."""

import runpy
import sys
from pathlib import Path

for script in sorted(Path(__file__).parent.glob("*/*.py")):
    if not script.stem.startswith("_"):
        print(f"\n== {script.relative_to(Path(__file__).parent)}", flush=True)
        sys.argv = [str(script)]
        runpy.run_path(str(script), run_name="__main__")
