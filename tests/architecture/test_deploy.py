import os
import re
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


READ = re.compile(r'\benv(?:\.\w+)?\(\s*"([A-Z][A-Z0-9_]+)"')
BY_LIBRARIES = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def test_every_setting_that_is_read_is_in_the_example_and_no_other():
    """Whichever of the project's modules reads it: settings.py, or one that it calls."""
    sources = [path.read_text() for path in (settings.BASE_DIR / "myproject").glob("*.py")]
    example = (settings.BASE_DIR / "deploy" / "env.example").read_text()

    read = {name for source in sources for name in READ.findall(source)}
    documented = set(re.findall(r"^# ([A-Z][A-Z0-9_]+)=", example, re.MULTILINE))

    assert {"SECRET_KEY", "WEBHOOK_RETRY_S", "LOG_LEVEL", "METRICS_TOKEN"} <= read
    assert read - documented == set()
    assert documented - read == BY_LIBRARIES
