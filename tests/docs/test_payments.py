"""docs/payments.md: whoever copies its examples has an order charged, paid and given back."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import requests

from tests.docs.pages import PRINTED_URL, sections_of
from tests.sandbox_process import SandboxProcess
from tests.serving import ROOT, Server

RUN_S = 120
SECTION = next(iter(sections_of(ROOT / "docs" / "payments.md")))


@pytest.mark.skipif(not shutil.which("jq"), reason="the program jq is not installed")
def test_the_examples_lead_from_an_order_to_its_refund(server: Server, tmp_path: Path):
    script = SECTION.script("bash").replace(PRINTED_URL, server.url)
    path = tmp_path / "example.sh"
    path.write_text(script, encoding="utf-8")
    callback_url = f"{server.url}/api/payments/callback/"

    with SandboxProcess(server.environment, callback_url=callback_url):
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", str(path)],
            cwd=tmp_path,
            env={**os.environ, "KEY": server.key},
            capture_output=True,
            text=True,
            timeout=RUN_S,
            check=False,
        )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    payment_id = json.loads((tmp_path / "payment.json").read_text())["id"]
    told = requests.get(
        f"{server.url}/api/payments/{payment_id}/", headers=server.headers, timeout=RUN_S
    ).json()
    assert (told["status"], told["refunded"]) == ("paid", "2.50")


def test_the_commands_are_there():
    commands = SECTION.script("sh")

    assert "manage.py sandbox_gateway" in commands
    assert "manage.py create_api_key" in commands
