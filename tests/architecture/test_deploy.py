import os
import subprocess
import sys

import pytest
from django.conf import settings


@pytest.mark.parametrize("https", ["0", "1"])
def test_djangos_own_deployment_check_has_nothing_to_say(https: str):
    checked = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DEBUG": "0", "HTTPS_ONLY": https},
        capture_output=True,
        text=True,
    )

    assert checked.returncode == 0, checked.stderr


def test_every_setting_that_is_read_is_in_the_example():
    source = (settings.BASE_DIR / "myproject" / "settings.py").read_text()
    example = (settings.BASE_DIR / "deploy" / "env.example").read_text()

    read = {
        part.split('"')[1]
        for part in source.split("env.")[1:]
        if part.startswith(("str", "int", "bool", "float", "list"))
    }

    assert len(read) > 20
    assert {name for name in read if f"# {name}=" not in example} == set()
