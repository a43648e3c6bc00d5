"""`make bench`: every benchmark, one after the other; each prints its figures."""

import runpy
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
SCRIPTS = [path for path in FOLDER.glob("*/*.py") if not path.stem.startswith("_")]

for script in sorted([*SCRIPTS, *FOLDER.glob("*/*/__main__.py")]):
    print(f"\n== {script.relative_to(FOLDER)}", flush=True)
    sys.argv = [str(script)]
    runpy.run_path(str(script), run_name="__main__")
