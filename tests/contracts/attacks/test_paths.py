"""Paths that lead out of where they should, and names of files that would be paths."""

import itertools
import re
import socket
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.contracts.attacks.surface import Caller, operations_of, some_of
from tests.contracts.raw import send
from tests.contracts.world import World
from tests.serving import ROOT, Server

UP = (
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "%252e%252e%252f",
    "..%5c",
    "..\\",
    "%c0%ae%c0%ae%c0%af",  # overlong UTF-8
    "%e0%80%ae%e0%80%ae/",
    "....//",
    "..;/",
    "%00../",
    "./../",
)
SECRETS = (b"SECRET_KEY", b"root:", b"DJANGO_SETTINGS_MODULE", b"SQLite format 3")
ROOTS = ("/static/", "/media/", "/static/css/", "/", "/docs/", "/words/", "/uploads/", "/api/")
TARGETS = ("etc/passwd", "manage.py", "myproject/settings.py", "secrets/secret_key")


@pytest.fixture(scope="module")
def alice(world: World) -> Caller:
    return Caller(world, "alice")


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("up", UP)
def test_no_path_leads_to_a_file_outside_the_static_ones(root: str, up: str, server: Server):
    for target, times in some_of(itertools.product(TARGETS, (1, 8)), root, up):
        answer = send(server, "GET", f"{root}{up * times}{target}")
        assert answer.status in (301, 302, 400, 404), (answer.status, answer.body[:100])
        assert not any(secret in answer.body for secret in SECRETS)


@pytest.mark.parametrize(
    "path",
    ["/.env", "/.git/config", "/var/sluice.sqlite3", "/sluice.sqlite3", "/static/..", "/static/."]
    + ["/static//etc/passwd", "/static/%2fetc%2fpasswd", "/static/css", "/static/", "/static"]
    + [
        "//etc/passwd",
        "/static/css/sluice.css/",
        "/static/css/sluice.css%00.png",
        "/favicon.svg/..",
    ]
    + [f"/static/{ROOT}/manage.py", "/static/css/%2e%2e/%2e%2e/%2e%2e/manage.py"],
)
def test_nothing_but_static_files_is_a_file(path: str, server: Server):
    answer = send(server, "GET", path)

    assert answer.status in (301, 302, 400, 404)
    assert not any(secret in answer.body for secret in SECRETS)


PARAMETERS = (
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%252e%252e%252fetc",
    "..\\..\\windows",
    "/etc/passwd",
    "a\x00b",
    "\xff\xfe",
    ".",
    "..",
    "%",
    "a/../../../x",
    "C:\\x",
    "con",
    "A" * 3000,
)


def test_no_parameter_of_a_path_leads_elsewhere(world: World, server: Server):
    headers = {"Authorization": f"Bearer {world.keys['alice']}"}
    seen = {}
    for operation in operations_of(world.document):
        for name in operation.names("path"):
            for value in some_of(PARAMETERS, operation, name):
                values = {**world.values(operation.path), name: "{}"}
                path = operation.path
                for each in operation.names("path"):
                    path = path.replace(f"{{{each}}}", str(values[each]))
                for form in (
                    quote(value, safe="", encoding="latin-1"),
                    quote(quote(value, safe="")),
                ):
                    answer = send(
                        server, operation.method.upper(), path.replace("{}", form), headers
                    )
                    if answer.status >= 500 or any(secret in answer.body for secret in SECRETS):
                        seen[str(operation), value[:40]] = (answer.status, answer.body[:200])

    assert seen == {}


@pytest.mark.parametrize(
    "path", ["/%ff%fe", "/%c3%28", "/%ed%a0%80", "/%", "/%zz", "/\xff", "/%u0041"]
)
def test_a_path_that_is_no_text_is_not_found(path: str, server: Server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode("latin-1"))
        first = line.recv(4096).split(b"\r\n")[0]

    assert first.split()[1] in (b"400", b"404")


# --- names of files ------------------------------------------------------------------------------
NAMES = (
    "../../../../tmp/zqx7.csv",
    "/etc/cron.d/zqx7",
    "..\\..\\zqx7.csv",
    "C:\\zqx7.csv",
    "zqx7\x00.csv",
    "zqx7\r\nX-Injected: 1\r\n\r\nbody.csv",
    'zqx7"; filename="evil.exe',
    "zqx7'; filename*=UTF-8''evil.exe",
    "zqx7%0d%0aX-Injected:%201",
    "<script>alert(1)</script>.html",
    "資料\u202egnp.exe",
    ".htaccess",
    "..",
    "a" * 3000 + ".csv",
    "con.csv",
    "=cmd|' /C calc'!A0",
)


DISPOSITION = re.compile(
    r"""attachment(; filename="([^"\\]|\\.)*")?(; filename\*=(utf|UTF)-8''[\w%.~!$&+^`|-]+)?""",
    re.ASCII,
)


def files_outside(home: Path) -> set[str]:
    """All files but the uploads, which a merge moves about meanwhile."""
    uploads = home / "uploads"
    return {str(path) for path in home.rglob("*") if uploads not in path.parents and path.is_file()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", ["one-shot", "chunked"])
def test_the_name_of_a_file_is_no_path_and_no_header(
    name: str, way: str, alice: Caller, server: Server
):
    content = b"a,b\n1,2\n"
    outside = files_outside(server.home)
    if way == "chunked":
        begun = alice.send("post", "/api/uploads/", json={"filename": name, "size": len(content)})
        if not begun.ok:
            assert begun.status_code == 422
            return
        path = f"/api/uploads/{begun.json()['file_id']}/"
        assert alice.send("put", f"{path}chunks/0", data=content).ok
        assert alice.send("post", f"{path}complete/").status_code == 202
    else:
        sent = name.replace('"', "%22").replace("\r\n", "%0D%0A")
        body = (
            f'--XX\r\nContent-Disposition: form-data; name="file"; filename="{sent}"\r\n\r\n'
        ).encode() + content + b"\r\n--XX--\r\n"  # fmt: skip
        stored = alice.send(
            "post",
            "/api/upload",
            data=body,
            headers={"Content-Type": "multipart/form-data; boundary=XX"},
        )
        if not stored.ok:
            assert stored.status_code in (400, 422)
            return
        path = f"/api/uploads/{stored.json()['file_id']}/"

    facts = alice.send("get", path).json()
    answer = alice.send("get", f"{path}content/")

    assert not {"/", "\\", "\0", "\r", "\n"} & set(facts["filename"])
    assert facts["filename"] not in ("", ".", "..")
    assert "X-Injected" not in answer.headers
    if answer.ok:  # a file that is still being checked is not to be had
        assert DISPOSITION.fullmatch(answer.headers["Content-Disposition"])
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert {
        str(each) for each in server.home.rglob("*") if "zqx7" in each.name or "passwd" in each.name
    } == set()
    assert not Path("/tmp/zqx7.csv").exists()
    now_outside = files_outside(server.home)
    assert {
        each for each in now_outside - outside if "sqlite" not in each and "log" not in each
    } == set()


def test_what_was_uploaded_is_never_a_page_of_this_server(alice: Caller):
    page = b"<html><script>alert(document.cookie)</script></html>"
    stored = alice.send("post", "/api/upload", files={"file": ("a.html", page, "text/html")}).json()

    answer = alice.send("get", f"/api/uploads/{stored['file_id']}/content/")

    assert answer.content == page
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert not answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src" in answer.headers["Content-Security-Policy"]
