"""What commands look at before they do anything: settings that cannot be meant."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.checks.registry import registry
from django.core.management import load_command_class

from tests.serving import ROOT

# Of a worker too: whoever runs each process alone starts no `serve`.
COMMANDS = ["serve", "worker", "import_file", "login_link", "create_api_key"]
APP_OF = {"login_link": "apiapp.keys", "create_api_key": "apiapp.keys"}


def test_every_check_of_our_own_is_made_at_the_start():
    ours = [check for check in registry.registered_checks if check.__module__.startswith("apiapp")]

    assert ours
    for check in ours:
        assert set(check.tags) & set(settings.CHECKS_AT_START), check


@pytest.mark.parametrize("name", COMMANDS)
def test_the_commands_that_newcomers_start_look_at_the_settings(name: str):
    command = load_command_class(APP_OF.get(name, "apiapp"), name)

    assert command.requires_system_checks == settings.CHECKS_AT_START


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_setting_that_cannot_be_meant_is_told_and_nothing_starts(command: str, home: Path):
    ended = subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=ROOT,
        env=os.environ | {"SLUICE_HOME": str(home), "UPLOAD_STORE": "s3://"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 1
    assert "UPLOAD_STORE cannot be used" in ended.stderr
    assert "Traceback" not in ended.stderr
