"""Links opened at a real server that logs all it can: what opens a screen is nowhere but in them."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from tests.contracts.attacks.test_wire import UPGRADE, talk
from tests.serving import Server

PIN = "90210"


@pytest.fixture(scope="module")
def talkative(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("talkative") / "home"
    with Server(home, {"LOG_LEVEL": "DEBUG"}) as running:
        yield running


def link_to(server: Server, **fields: object) -> str:
    made = requests.post(
        f"{server.url}/api/screens/main/links/", json=fields, headers=server.headers, timeout=20
    )
    assert made.status_code == 201, made.text
    return str(made.json()["url"])


def everything_logged(server: Server) -> str:
    logs = [path.read_text() for path in sorted((server.home / "logs").glob("*"))]
    return "\n".join([*server.output, *logs])


def open_in_every_way(server: Server, url: str) -> list[int]:
    """Statuses; the token comes in the path, the query, both kinds of Authorization, and a socket."""
    token = url.split("/")[-2]
    basic = b64encode(f"{PIN}:{token}".encode()).decode()
    where = f"{server.url}/screens/main"
    asked = [
        (url, {}),
        (url.removesuffix("/"), {"Host": "evil.example"}),
        (f"{where}/?token={token}&pin={PIN}", {}),
        (f"{where}/snapshot.jpg?token={quote(token)}&pin={PIN}", {}),
        (f"{where}/snapshot.jpg", {"Authorization": f"Bearer {token}"}),
        (f"{where}/snapshot.jpg", {"Authorization": f"Basic {basic}"}),
        (f"{where}/open/{token}%0d%0aX-Evil:%201/", {}),
        (f"{where}/no-such/{token}/", {}),
        (f"{server.url}/api/screens/{token}/", {}),
        (f"{server.url}/api/screens/", {"Authorization": f"Bearer {token}"}),
    ]
    for path in (f"/ws/screens/main/?codec=jpeg&token={token}", f"/ws/{token}/"):
        talk(server, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n".encode() + UPGRADE + b"\r\n")
    return [
        requests.get(each, headers=headers, allow_redirects=False, timeout=20).status_code
        for each, headers in asked
    ]


def test_no_token_and_no_pin_is_in_anything_that_is_logged(talkative: Server):
    good = link_to(talkative, expires_s=None)
    guarded = link_to(talkative, pin=PIN)
    expired = link_to(talkative, expires_s=1)
    revoked = link_to(talkative)
    links = requests.get(
        f"{talkative.url}/api/screens/main/links/", headers=talkative.headers, timeout=20
    ).json()["results"]
    requests.delete(
        f"{talkative.url}/api/screens/main/links/{links[0]['id']}/",
        headers=talkative.headers,
        timeout=20,
    )
    made_up = good[:-8] + "AAAAAAA/"

    answers = {
        url: open_in_every_way(talkative, url) for url in (good, guarded, expired, revoked, made_up)
    }

    assert answers[good][0] == answers[guarded][0] == 303
    assert answers[revoked][0] == answers[made_up][0] == 410
    assert {status for statuses in answers.values() for status in statuses} < set(
        range(200, 500)
    ) | {503}
    logged = everything_logged(talkative)
    assert "slk_***" in logged  # it was there to be hidden
    assert [url for url in answers if url.split("/")[-2][4:] in logged] == []
    assert PIN not in logged


def test_what_is_kept_opens_nothing(talkative: Server):
    url = link_to(talkative, pin=PIN)
    requests.get(url, timeout=20)

    kept = b"".join(path.read_bytes() for path in Path(talkative.home).rglob("*") if path.is_file())

    assert b"main" in kept
    assert url.split("/")[-2].encode() not in kept
