"""Where state lives: told by a process of its own, beside a copy of the project."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.serving import OF_A_RUN, ROOT

TELL = "from myproject import settings; print(settings.SLUICE_HOME)"


def test_an_empty_home_counts_as_none_and_is_the_folder_var(tmp_path: Path):
    shutil.copytree(ROOT / "myproject", tmp_path / "myproject")
    others = {name: value for name, value in os.environ.items() if name not in OF_A_RUN}
    environment = {**others, "PYTHONPATH": str(ROOT), "SLUICE_HOME": ""}

    told = subprocess.run(
        [sys.executable, "-c", TELL],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert Path(told.stdout.strip()) == (tmp_path / "var").resolve()
    assert (tmp_path / "var" / "secrets" / "secret_key").exists()
    assert not (tmp_path / "secrets").exists()
