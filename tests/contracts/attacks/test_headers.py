"""What every answer says to browsers and caches, and to which other sites it may be read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.contracts.attacks.surface import Caller, operations_of
from tests.contracts.world import World, body_for
from tests.serving import Server

ALLOWED, OTHER = "https://app.example", "https://evil.example"
PAGES = ("/", "/login/", "/docs/", "/stream", "/openapi.json", "/no-such-page", "/api/no-such-path",
         "/healthz", "/readyz", "/admin/login/", "/words/en.json", "/login/unknown-token/")  # fmt: skip
SIGNED_IN = ("/", "/import/", "/datasets/", "/jobs/", "/examples/", "/admin/", "/admin/auth/user/",
             "/api/jobs/", "/api/v1/items/", "/redoc/", "/admin/keys/apikey/add/")  # fmt: skip


@pytest.fixture(scope="module")
def alice(world: World) -> Caller:
    return Caller(world, "alice")


@pytest.fixture(scope="module")
def signed_in(server: Server) -> requests.Session:
    session = requests.Session()
    assert session.get(server.login_link()).ok
    return session


def flaws(answer: requests.Response) -> list[str]:
    """What an answer leaves unsaid."""
    said = answer.headers
    policy = said.get("Content-Security-Policy", "")
    frames = "frame-ancestors 'none'" in policy and said.get("X-Frame-Options") == "DENY"
    is_admin = "/admin/" in answer.url
    return [
        flaw
        for flaw, is_there in {
            "may be sniffed": said.get("X-Content-Type-Options") != "nosniff",
            "may be framed": not frames,
            "has no policy": "default-src 'self'" not in policy and "default-src 'none'" not in policy,
            "allows inline scripts": "'unsafe-inline'" in policy.replace(
                "style-src 'self' 'unsafe-inline'" if is_admin else "-", ""
            ),
            "allows eval": "'unsafe-eval'" in policy and not is_admin,
            "allows other hosts": "http" in policy or "*" in policy,
            "tells other sites where one came from": said.get("Referrer-Policy") != "same-origin",
            "shares its window": said.get("Cross-Origin-Opener-Policy") != "same-origin",
            "may use the camera": "camera=()" not in said.get("Permissions-Policy", ""),
            "says nothing of caches": "Cache-Control" not in said,
            "tells the software": "Server" in said or "X-Powered-By" in said,
            "can be read by others": "Access-Control-Allow-Origin" in said,
        }.items()
        if is_there
    ]  # fmt: skip


def test_every_page_says_what_browsers_need_to_know(server: Server, signed_in: requests.Session):
    strangers = {path: flaws(requests.get(server.url + path, stream=True)) for path in PAGES}
    people = {path: flaws(signed_in.get(server.url + path)) for path in SIGNED_IN}

    assert {path: found for path, found in strangers.items() if found} == {}
    assert {path: found for path, found in people.items() if found} == {}


def test_so_does_every_answer_of_the_api_good_or_bad(world: World, alice: Caller):
    seen = {}
    for operation in operations_of(world.document):
        if operation.path == "/stream/" or operation.method == "delete":
            continue
        path = operation.path.format(**world.values(operation.path))
        sent = body_for(operation.method, operation.path)
        for who in (alice.send, requests.request):
            target = path if who == alice.send else world.url + path
            for options in (sent, {"data": b"\xff", "headers": {"Content-Type": "text/plain"}}):
                answer = who(operation.method, target, **options)
                if found := flaws(answer):
                    seen[str(operation), answer.status_code] = found

    assert seen == {}


def test_what_is_read_with_a_key_is_kept_by_no_cache_but_the_readers(world: World, alice: Caller):
    for operation in operations_of(world.document):
        if operation.method == "get" and operation.path.startswith("/api/"):
            answer = alice.send("get", operation.path.format(**world.values(operation.path)))
            kept = answer.headers["Cache-Control"]
            assert "private" in kept or "no-store" in kept, operation
            assert "public" not in kept


def test_a_page_of_somebody_is_not_given_to_another_by_a_cache(
    server: Server, signed_in: requests.Session
):
    for path in ("/", "/import/", "/admin/", "/api/jobs/", "/login/"):
        answer = signed_in.get(server.url + path)
        kept = answer.headers["Cache-Control"]
        assert "private" in kept or "no-store" in kept, path
        assert "cookie" in answer.headers.get("Vary", "").lower(), path


@pytest.mark.parametrize(
    "header", ["X-Forwarded-Host", "X-Forwarded-Scheme", "X-Forwarded-Port", "X-Original-URL"]
)
def test_no_header_that_caches_leave_out_changes_an_answer(header: str, server: Server):
    for path in ("/api/data", "/words/en.json", "/openapi.json", "/static/css/sluice.css"):
        plain = requests.get(server.url + path)
        asked = requests.get(server.url + path, headers={header: "zqx7.example"})
        assert (asked.status_code, asked.content) == (plain.status_code, plain.content)
        assert "zqx7" not in str(asked.headers)


def test_a_packed_answer_is_not_given_to_who_cannot_unpack_it(server: Server):
    answer = requests.get(server.url + "/openapi.json")

    assert answer.headers["Content-Encoding"] == "gzip"
    assert "accept-encoding" in answer.headers["Vary"].lower()


def test_static_files_are_what_they_say(server: Server):
    for path in ("/static/css/sluice.css", "/static/icons.svg", "/static/site/shell.js"):
        answer = requests.get(server.url + path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer.headers


# --- the receiver of files, which Django's middleware never sees ----------------------------------
def test_the_receiver_takes_no_session_without_its_token(
    server: Server, signed_in: requests.Session
):
    files = {"file": ("a.csv", b"a,b\n1,2\n")}
    token = next(c.value for c in signed_in.cookies if c.name.startswith("sluice_csrf"))

    def sent(**headers: str) -> int:
        return signed_in.post(f"{server.url}/api/upload", files=files, headers=headers).status_code

    assert sent() == 403
    assert sent(**{"X-CSRFToken": "wrong" * 6}) == 403
    assert sent(**{"X-CSRFToken": token, "Origin": OTHER}) == 403
    assert sent(**{"X-CSRFToken": token, "Origin": "null"}) == 403
    assert sent(**{"X-CSRFToken": token}) == 200
    put = f"{server.url}/api/uploads/x/chunks/0"
    assert signed_in.put(put, data=b"x").status_code == 403


def test_the_receiver_says_what_the_others_say(server: Server, alice: Caller):
    answers = [
        alice.send("post", "/api/upload", files={"file": ("a.csv", b"a,b\n1,2\n")}),
        alice.send("post", "/api/upload", data=b"x"),
        alice.send("put", "/api/uploads/none/chunks/0", data=b"x"),
        requests.post(server.url + "/api/upload", data=b"x"),
    ]

    assert [flaws(answer) for answer in answers] == [[], [], [], []]
    assert [answer.status_code for answer in answers] == [200, 415, 404, 401]


def test_no_page_of_another_origin_reads_anything_unless_it_is_listed(
    server: Server, alice: Caller
):
    headers = {"Origin": OTHER, "Access-Control-Request-Method": "PUT"}
    for method in ("options", "get", "post", "put"):
        for path in ("/api/data", "/api/upload", "/api/uploads/x/chunks/0", "/api/jobs/", "/"):
            answer = alice.send(method, path, headers=headers)
            assert not [
                name for name in answer.headers if name.lower().startswith("access-control")
            ]


# --- a server that allows one other origin --------------------------------------------------------
@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home: Path = tmp_path_factory.mktemp("cors") / "home"
    with Server(home, {"CORS_ALLOWED_ORIGINS": f"{ALLOWED},https://two.example"}) as running:
        yield running


# What the clients of every protocol send and have to read.
TUS_SENT = "authorization,content-type,tus-resumable,upload-length,upload-metadata,upload-offset"
TUS_SENT += ",upload-checksum,upload-concat,upload-defer-length,x-http-method-override"
IETF_SENT = "authorization,content-type,upload-complete,upload-offset,upload-length,repr-digest"
IETF_SENT += ",upload-draft-interop-version,want-repr-digest"
TUS_READ = "Location Upload-Offset Upload-Length Upload-Metadata Upload-Expires Upload-Concat "
TUS_READ += "Upload-Defer-Length Tus-Resumable Tus-Version Tus-Extension Tus-Max-Size "
TUS_READ += "Tus-Checksum-Algorithm"
IETF_READ = "Location Upload-Offset Upload-Complete Upload-Limit Upload-Length Repr-Digest"
CONTENT_READ = "Content-Range Content-Disposition Accept-Ranges ETag File-Id Retry-After"


def preflight(
    server: Server,
    path: str,
    origin: str,
    method: str,
    sent: str = "authorization,content-md5,idempotency-key,if-match",
) -> requests.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": sent,
    }
    return requests.options(server.url + path, headers=headers)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/uploads/x/chunks/0"),
        ("POST", "/api/upload"),
        ("POST", "/api/uploads/"),
        ("DELETE", "/api/v1/items/1/"),
        ("PATCH", "/api/v1/items/1/"),
        ("GET", "/api/data"),
    ],
)
def test_a_listed_origin_may_call_with_a_key(method: str, path: str, open_server: Server):
    asked = preflight(open_server, path, ALLOWED, method)

    assert asked.ok
    assert asked.headers["Access-Control-Allow-Origin"] == ALLOWED
    assert method in asked.headers["Access-Control-Allow-Methods"]
    allowed = asked.headers["Access-Control-Allow-Headers"]
    assert {"authorization", "content-md5", "idempotency-key"} <= set(allowed.split(", "))
    assert "Access-Control-Allow-Credentials" not in asked.headers


def test_it_may_upload_by_every_protocol(open_server: Server):
    wanted = [
        *(("/api/tus/", method, TUS_SENT) for method in ("POST",)),
        *(("/api/tus/0", method, TUS_SENT) for method in ("HEAD", "PATCH", "DELETE", "POST")),
        ("/api/resumable/", "POST", IETF_SENT),
        *(("/api/resumable/0", method, IETF_SENT) for method in ("HEAD", "PATCH", "DELETE")),
        ("/api/uploads/resumablejs/", "GET", "authorization"),
        ("/api/uploads/resumablejs/", "POST", "authorization,content-type"),
        ("/api/uploads/0/content/", "GET", "authorization,range,if-range,if-none-match,if-match"),
    ]

    for path, method, sent in wanted:
        asked = preflight(open_server, path, ALLOWED, method, sent)
        assert asked.ok, (path, method)
        assert asked.headers["Access-Control-Allow-Origin"] == ALLOWED
        assert method in asked.headers["Access-Control-Allow-Methods"].split(", ")
        allowed = asked.headers["Access-Control-Allow-Headers"].split(", ")
        assert set(sent.split(",")) <= set(allowed)
        assert "Access-Control-Allow-Credentials" not in asked.headers
        assert (
            "Access-Control-Allow-Origin"
            not in preflight(open_server, path, OTHER, method, sent).headers
        )


def test_it_may_read_what_every_protocol_answers_refusals_as_well(open_server: Server):
    headers = {**open_server.headers, "Origin": ALLOWED}
    for method, path, said, read in [
        ("HEAD", "/api/tus/0", {"Tus-Resumable": "1.0.0"}, TUS_READ),
        ("PATCH", "/api/tus/0", {"Tus-Resumable": "1.0.0"}, TUS_READ),
        ("OPTIONS", "/api/tus/", {}, TUS_READ),
        ("HEAD", "/api/resumable/0", {}, IETF_READ),
        ("GET", "/api/uploads/0/content/", {}, CONTENT_READ),
        ("GET", "/api/uploads/resumablejs/", {}, CONTENT_READ),
        ("POST", "/api/uploads/resumablejs/", {}, CONTENT_READ),
    ]:
        answer = requests.request(method, open_server.url + path, headers={**headers, **said})
        assert answer.headers["Access-Control-Allow-Origin"] == ALLOWED, (method, path)
        exposed = answer.headers["Access-Control-Expose-Headers"].lower().split(", ")
        assert set(read.lower().split()) <= set(exposed)
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_it_may_read_the_answers_those_of_the_receiver_as_well(open_server: Server):
    headers = {**open_server.headers, "Origin": ALLOWED}
    files = {"file": ("a.csv", b"a,b\n1,2\n")}
    answers = [
        requests.post(open_server.url + "/api/upload", files=files, headers=headers),
        requests.put(open_server.url + "/api/uploads/x/chunks/0", data=b"x", headers=headers),
        requests.get(open_server.url + "/api/jobs/", headers=headers),
        requests.get(open_server.url + "/api/jobs/", headers={"Origin": ALLOWED}),
        requests.get(open_server.url + "/stream", headers={"Origin": ALLOWED}, stream=True),
    ]

    assert [answer.status_code for answer in answers] == [200, 404, 200, 401, 200]
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == ALLOWED
        assert "x-request-id" in answer.headers["Access-Control-Expose-Headers"].lower()
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "origin" in answer.headers["Vary"].lower()


@pytest.mark.parametrize(
    "origin",
    [OTHER, "null", "https://app.example.evil", "http://app.example", "https://app.example:444"]
    + ["https://evil.app.example", "https://APP.example", "http://[", "https://app.example@x", ""],
)
def test_no_other_origin_may(origin: str, open_server: Server):
    asked = preflight(open_server, "/api/upload", origin, "POST")
    headers = {**open_server.headers, "Origin": origin}
    answers = [
        asked,
        requests.put(open_server.url + "/api/uploads/x/chunks/0", data=b"x", headers=headers),
        requests.get(open_server.url + "/api/jobs/", headers=headers),
    ]

    assert [a for a in answers if "Access-Control-Allow-Origin" in a.headers] == []
    assert [a.status_code for a in answers][1:] == [404, 200]


@pytest.mark.parametrize("path", ["/login/", "/admin/", "/admin/login/", "/login/token/", "/login"])
def test_signing_in_and_the_admin_are_never_for_other_origins(path: str, open_server: Server):
    answers = [
        preflight(open_server, path, ALLOWED, "POST"),
        requests.get(open_server.url + path, headers={"Origin": ALLOWED}),
    ]

    assert [a for a in answers if "Access-Control-Allow-Origin" in a.headers] == []


def test_a_listed_origin_does_not_get_to_use_the_session(open_server: Server):
    session = requests.Session()
    session.get(open_server.login_link())
    token = next(c.value for c in session.cookies if c.name.startswith("sluice_csrf"))

    answer = session.post(
        open_server.url + "/api/v1/items/",
        json={"id": 1, "name": "forged"},
        headers={"Origin": ALLOWED, "X-CSRFToken": token},
    )

    assert answer.status_code == 403
