"""`manage.py serve` with HTTPS=1, as those meet it who trust it and those who do not yet."""

import json
import os
import re
import socket
import ssl
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import sync_playwright
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.journeys.conftest import findings_in_both_schemes
from tests.needs import CHROMIUM
from tests.serving import ROOT, Server


class HttpsServer(Server):
    """url: over TLS.  plain: of the same port."""

    def __init__(self, home: Path) -> None:
        super().__init__(home, {"HTTPS": "1", "LAN": "1"})
        self.plain = self.url
        self.url = self.url.replace("http://", "https://")
        self.authority = home / "ca.crt"

    def get(self, path: str, **options: object) -> requests.Response:
        return requests.get(self.url + path, verify=str(self.authority), **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpsServer]:
    with HttpsServer(tmp_path_factory.mktemp("secure") / "home") as server:
        yield server


def test_the_greeting_has_https_addresses_the_page_and_the_fingerprint(
    secure: HttpsServer,
) -> None:
    greeting = secure.greeting()

    assert f"Sluice is at   {secure.url}/" in greeting
    assert re.search(rf"on the network https://\S+:{secure.port}/", greeting)
    assert re.search(rf"sign in once   {secure.url}/login/\S+/", greeting)
    assert re.search(rf"http://\S+:{secure.port}/https/", greeting)
    fingerprint = re.search(r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}", greeting)
    assert fingerprint
    assert fingerprint.group() in requests.get(f"{secure.plain}/https/").text


def test_who_trusts_the_authority_signs_in_by_the_link(secure: HttpsServer) -> None:
    browser = requests.Session()
    browser.verify = str(secure.authority)
    browser.trust_env = False  # or REQUESTS_CA_BUNDLE would be believed instead

    answer = browser.get(secure.login_link())

    assert answer.status_code == 200
    assert answer.url.startswith(secure.url)
    assert {cookie.secure for cookie in browser.cookies} == {True}
    assert "strict-transport-security" not in answer.headers  # a warning could not be passed then
    token = next(cookie.value for cookie in browser.cookies if "csrf" in cookie.name)
    posted = browser.post(
        f"{secure.url}/i18n/setlang/",
        data={"language": "zh-hans", "csrfmiddlewaretoken": token},
        headers={"Origin": secure.url, "Referer": f"{secure.url}/"},
    )
    assert posted.status_code == 200


def test_every_address_of_the_greeting_is_verified(secure: HttpsServer) -> None:
    addresses = re.findall(r"https://[^/\s]+/(?=\s)", secure.greeting())

    assert len(addresses) >= 2
    for address in set(addresses):
        answer = requests.get(f"{address}readyz", verify=str(secure.authority))
        assert answer.status_code == 200


def test_who_does_not_trust_it_is_not_connected(secure: HttpsServer) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(secure.url)


def test_under_another_name_it_is_not_believed(secure: HttpsServer) -> None:
    context = ssl.create_default_context(cafile=secure.authority)

    with (
        socket.create_connection(("127.0.0.1", secure.port)) as plain,
        pytest.raises(ssl.SSLCertVerificationError, match="not valid for"),
    ):
        context.wrap_socket(plain, server_hostname="sluice.example.org")


def test_sockets_are_secure_too(secure: HttpsServer) -> None:
    context = ssl.create_default_context(cafile=secure.authority)
    address = f"wss://localhost:{secure.port}/ws/jobs/"

    with connect(address, ssl=context, additional_headers=secure.headers) as jobs:
        jobs.send(json.dumps({"type": "follow", "jobs": "all"}))
        assert json.loads(jobs.recv(timeout=10))


def test_a_socket_over_plain_http_is_refused(secure: HttpsServer) -> None:
    with pytest.raises(InvalidStatus) as caught:
        connect(f"ws://localhost:{secure.port}/ws/jobs/", additional_headers=secure.headers)

    assert caught.value.response.status_code == 403


def test_plain_http_leads_to_https(secure: HttpsServer) -> None:
    sent_on = requests.get(f"{secure.plain}/import/?from=1", allow_redirects=False)
    refused = requests.post(f"{secure.plain}/api/post", json={}, headers=secure.headers)

    assert sent_on.status_code == 307
    assert sent_on.headers["location"] == f"{secure.url}/import/?from=1"
    assert refused.status_code == 403
    assert "use https://" in refused.json()["detail"]


def test_the_certificate_is_had_over_plain_http(secure: HttpsServer) -> None:
    answer = requests.get(f"{secure.plain}/https/ca.crt")

    assert answer.headers["content-type"] == "application/x-x509-ca-cert"
    assert answer.content == secure.authority.read_bytes()
    assert b"PRIVATE" not in answer.content


def test_the_page_speaks_chinese_over_plain_http(secure: HttpsServer) -> None:
    by_browser = requests.get(f"{secure.plain}/https/", headers={"Accept-Language": "zh-CN"})
    by_address = requests.get(f"{secure.plain}/https/?language=zh-hans")

    for page in (by_browser, by_address):
        assert "在每台设备上信任此服务器" in page.text
        assert '<html lang="zh-hans"' in page.text
    assert "Trust this server" in requests.get(f"{secure.plain}/https/?language=xx").text


def test_an_upload_is_sent_by_who_trusts_it(secure: HttpsServer, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path), "SLUICE_HOME": str(tmp_path)}
    command = [sys.executable, "manage.py", "upload", str(tmp_path / "a.csv")]

    def send(*more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*command, "--to", secure.url, "--key", secure.key, *more],
            cwd=ROOT, env=environment, capture_output=True, text=True,
        )  # fmt: skip

    sent = send("--ca", str(secure.authority))
    refused = send()
    unreadable = send("--ca", str(tmp_path / "a.csv"))

    assert (sent.returncode, sent.stderr) == (0, "")
    assert refused.returncode == unreadable.returncode == 1
    assert "name its authority by --ca" in refused.stderr
    assert "No certificate can be read" in unreadable.stderr
    assert "Traceback" not in refused.stderr + unreadable.stderr


@pytest.mark.chromium
def test_chromium_that_trusts_the_authority_has_a_secure_context(secure: HttpsServer) -> None:
    authority = x509.load_pem_x509_certificate(secure.authority.read_bytes())
    key = authority.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    trusted = f"--ignore-certificate-errors-spki-list={b64encode(sha256(key).digest()).decode()}"
    address = re.search(r"on the network (https://[0-9.]+:\d+/)", secure.greeting())
    assert address

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", trusted]
        )
        page = browser.new_page()
        page.goto(address.group(1))
        found = page.evaluate(
            "[isSecureContext, typeof VideoDecoder, typeof navigator.mediaDevices.getDisplayMedia]"
        )
        page.goto(address.group(1).replace("https:", "http:") + "https/")
        plain = page.evaluate("[isSecureContext, typeof VideoDecoder]")
        browser.close()

    assert found == [True, "function", "function"]
    assert plain == [False, "undefined"]


@pytest.mark.chromium
def test_the_page_is_accessible_and_fits_a_phone(secure: HttpsServer) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(bypass_csp=True, viewport={"width": 390, "height": 844})
        page.goto(f"{secure.plain}/https/?language=zh-hans")
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        findings = findings_in_both_schemes(page)
        is_too_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        browser.close()

    assert findings == []
    assert not is_too_wide


def test_a_second_start_keeps_the_authority_and_its_certificate(secure: HttpsServer) -> None:
    folder = secure.home / "secrets" / "https"
    before = {path: path.read_bytes() for path in folder.iterdir()}

    secure.stop()
    secure.start()

    assert secure.get("/readyz").status_code == 200
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert len(before) == 2


def test_secrets_that_cannot_be_kept_are_said_without_a_traceback(home: Path) -> None:
    home.mkdir()
    (home / "secrets").mkdir()
    (home / "secrets" / "https").write_text("in the way")

    result = subprocess.run(
        [sys.executable, "manage.py", "serve", "--port", "0"],
        cwd=ROOT,
        env=os.environ | {"SLUICE_HOME": str(home), "HTTPS": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert result.returncode == 1
    assert "The certificate for HTTPS cannot be kept" in result.stderr
    assert "Traceback" not in result.stderr


def test_without_https_the_page_says_how_to_switch_it_on(server: Server) -> None:
    page = requests.get(f"{server.url}/https/")

    assert page.status_code == 200
    assert "make run HTTPS=1 LAN=1" in page.text
    assert "WebCodecs" in page.text
    assert requests.get(f"{server.url}/https/ca.crt").status_code == 404
