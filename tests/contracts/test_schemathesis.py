"""schemathesis on a real server: every operation, with good and bad requests, by the document.

Of the coverage phase it sends one case of each kind.  With SLUICE_FUZZ_EXAMPLES=50 it sends all of
them, and as many others as before a release.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from django.conf import settings

from tests.serving import Server

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("SLUICE_FUZZ_EXAMPLES", "1")  # of each operation, in each phase
SEED = 20
LONGEST_S = 1200
# Named in schemathesis.toml.
DATASET = {"dataset": "fuzzed", "rows": [{"name": "a", "price": 1}, {"name": "b", "price": 2}]}
# Its one request takes the time that it is there to show.
SLOW = "/stream/"


@pytest.fixture(scope="module")
def quiet_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that nobody else's test calls: what is made up here stays here."""
    never_used_up = {"RATE_LIMIT_LOGINS": "1000000/h", "LOGIN_FAILURES": "1000000"}
    environment = {**never_used_up, "DJANGO_SETTINGS_MODULE": "tests.quick_logins"}
    with Server(tmp_path_factory.mktemp("fuzzed") / "home", environment) as server:
        made = requests.post(f"{server.url}/api/import/", json=DATASET, headers=server.headers)
        assert made.status_code == 200, made.text
        yield server


def test_no_answer_is_other_than_documented(quiet_server: Server, tmp_path: Path):
    command = [
        *(sys.executable, "-m", "schemathesis.cli"),
        *("--config-file", str(HERE / "schemathesis.toml")),
        *("run", f"{quiet_server.url}/api/schema/?_format=json"),
        *("--header", f"Authorization: Bearer {quiet_server.key}"),
        *("--checks", "all", "--max-examples", EXAMPLES, "--seed", str(SEED)),
        *("--exclude-path", SLOW, "--continue-on-failure", "--no-color"),
        *("--suppress-health-check", "too_slow"),  # of a machine with more to do, no fault of ours
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(settings.BASE_DIR),
        "SCHEMATHESIS_HOOKS": "tests.contracts.schemathesis_hooks",
    }

    run = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=LONGEST_S
    )

    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr
