"""The example endpoints answer to the letter, on a real server, whatever is thrown at them."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.apiapp.uploads.requests_over_asgi import FORM_TYPE, form
from tests.contracts.raw import Answer, send
from tests.serving import Server

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
XML = {"Content-Type": "application/xml"}
UTF8_JSON = {"Content-Type": "application/json; charset=utf-8"}
VENDOR_JSON = {"Content-Type": "application/vnd.api+json"}
ANY_ORIGIN = {"Origin": "http://elsewhere.example"}
NO_AGENT = "未知"
POSTED = {"title": "默认标题", "content": "默认内容", "authorization": "无授权"}
ITEM = {
    "item_id": 456,
    "name": "默认名称",
    "description": "默认描述",
    "custom_header": "无自定义头",
}
MULTIPART = form([("title", None, "标题".encode()), ("content", None, b"c")])
TAKEN = {"status": "success", "message": "数据接收成功"}
NOT_JSON = {"status": "error", "message": "请求不是JSON格式"}
FORM_TAKEN = {"status": "success", "message": "表单数据接收成功"}
REQUIRED = ["This field is required."]
NOT_TEXT = ["Not a valid string."]
LONG = "长" * 200_000
FORTY = "1234567890" * 4
ENDLESS = "9" * 6000


def user(user_id: int, name: str = "默认名字", agent: str = NO_AGENT) -> dict[str, Any]:
    return {"user_id": user_id, "name": name, "user_agent": agent}


def resource(method: str, resource_id: str, **more: Any) -> dict[str, Any]:
    return {"method": method, "resource_id": resource_id, **more}


GOOD: list[tuple[str, str, dict[str, str], str | bytes, Any]] = [
    # --- GET get_example
    ("GET", "/get_example/123?name=Alice", {}, "", user(123, "Alice")),
    ("GET", "/get_example/123?name=Alice", {"User-Agent": "a/1"}, "", user(123, "Alice", "a/1")),
    ("GET", "/get_example/123", {"User-Agent": "浏览器"}, "", user(123, agent="浏览器")),
    ("GET", "/get_example/123", {"User-Agent": ""}, "", user(123, agent="")),
    ("GET", "/get_example/123", {}, "", user(123)),
    ("GET", "/get_example/1", {}, "", user(1, "Alice")),
    ("GET", "/get_example/0002", {}, "", user(2, "Bob")),
    ("GET", "/get_example/2?name=", {}, "", user(2, "")),
    ("GET", "/get_example/5?name=a&name=b", {}, "", user(5, "b")),
    ("GET", f"/get_example/5?name={quote('名 字&')}", {}, "", user(5, "名 字&")),
    ("GET", "/get_example/5?name=a%00b", {}, "", user(5, "a\0b")),
    ("GET", "/get_example/5?name=%FF", {}, "", user(5, "\ufffd")),
    ("GET", "/get_example/007", {}, "", user(7)),
    ("GET", "/get_example/000", {}, "", user(0)),
    ("GET", f"/get_example/{2**63}", {}, "", user(2**63)),
    ("GET", f"/get_example/{FORTY}", {}, "", user(int(FORTY))),
    ("GET", "/get_example/5?_format=json", {}, "", user(5)),
    ("GET", "/get_example/5", {"Accept-Language": "zh-CN"}, "", user(5)),
    ("GET", "/get_example/5", {"Authorization": "Bearer nonsense"}, "", user(5)),
    ("GET", "/get_example/5", {"Cookie": "sluice_session=nonsense"}, "", user(5)),
    # --- POST post_example
    (
        "POST",
        "/post_example",
        {**JSON, "Authorization": "Bearer your_token"},
        '{"title": "标题", "content": "内容"}',
        {"title": "标题", "content": "内容", "authorization": "Bearer your_token"},
    ),
    ("POST", "/post_example", {**JSON, "Authorization": "口令"}, "{}", {**POSTED, "authorization": "口令"}),
    ("POST", "/post_example", JSON, "{}", POSTED),
    ("POST", "/post_example", JSON, "", POSTED),
    ("POST", "/post_example", {}, "", POSTED),
    ("POST", "/post_example", UTF8_JSON, '{"title": ""}', {**POSTED, "title": ""}),
    ("POST", "/post_example", JSON, '{"title": " a "}', {**POSTED, "title": " a "}),
    ("POST", "/post_example", JSON, '{"title": 7}', {**POSTED, "title": "7"}),
    ("POST", "/post_example", JSON, '{"title": 1.5}', {**POSTED, "title": "1.5"}),
    ("POST", "/post_example", JSON, f'{{"title": {FORTY}}}', {**POSTED, "title": FORTY}),
    ("POST", "/post_example", JSON, f'{{"title": "{LONG}"}}', {**POSTED, "title": LONG}),
    ("POST", "/post_example", JSON, '{"title": "a", "title": "b"}', {**POSTED, "title": "b"}),
    ("POST", "/post_example", JSON, '{"title": "a", "id": 9, "owner": 1}', {**POSTED, "title": "a"}),
    ("POST", "/post_example", JSON, b'\xef\xbb\xbf{"title": "a"}', {**POSTED, "title": "a"}),
    ("POST", "/post_example", JSON, '{"title": "\\ud83d\\ude00"}', {**POSTED, "title": "😀"}),
    ("POST", "/post_example", VENDOR_JSON, '{"title": "a"}', {**POSTED, "title": "a"}),
    ("POST", "/post_example", FORM, "title=a+b&content=", {**POSTED, "title": "a b", "content": ""}),
    ("POST", "/post_example", FORM, "title=a&title=b", {**POSTED, "title": "b"}),
    ("POST", "/post_example", FORM_TYPE, MULTIPART, {**POSTED, "title": "标题", "content": "c"}),
    ("POST", "/post_example", XML, "<root><title>标题</title></root>", {**POSTED, "title": "标题"}),
    ("POST", "/post_example", {**JSON, **ANY_ORIGIN}, "{}", POSTED),
    # --- PUT put_example
    (
        "PUT",
        "/put_example/456",
        {**FORM, "X-Custom-Header": "自定义值"},
        f"name={quote('名称')}&description={quote('描述')}",
        {"item_id": 456, "name": "名称", "description": "描述", "custom_header": "自定义值"},
    ),
    ("PUT", "/put_example/456", FORM, "", ITEM),
    ("PUT", "/put_example/456", {}, "", ITEM),
    ("PUT", "/put_example/456", JSON, '{"name": "n"}', {**ITEM, "name": "n"}),
    ("PUT", "/put_example/456", XML, "<root/>", ITEM),
    ("PUT", "/put_example/456", XML, "<root> </root>", ITEM),
    ("PUT", "/put_example/456", VENDOR_JSON, '{"name": "n"}', {**ITEM, "name": "n"}),
    ("PUT", "/put_example/456", XML, "<r><name>n</name></r>", {**ITEM, "name": "n"}),
    ("PUT", "/put_example/0456", FORM, f"name={LONG[:999]}", {**ITEM, "name": LONG[:999]}),
    ("PUT", f"/put_example/{FORTY}", FORM, "", {**ITEM, "item_id": int(FORTY)}),
    ("PUT", f"/put_example/{2**63 - 1}", FORM, "", {**ITEM, "item_id": 2**63 - 1}),
    # --- DELETE delete_example
    ("DELETE", "/delete_example?confirm=true", {}, "", {"deleted": True, "authorization": "无授权"}),
    ("DELETE", "/delete_example?confirm=TRUE", {}, "", {"deleted": True, "authorization": "无授权"}),
    ("DELETE", "/delete_example?confirm=no&confirm=tRue", {}, "", {"deleted": True, "authorization": "无授权"}),
    (
        "DELETE",
        "/delete_example?confirm=true",
        {"Authorization": "Bearer your_token"},
        "",
        {"deleted": True, "authorization": "Bearer your_token"},
    ),
    # --- resource
    ("GET", "/api/resource/abc123?detail=full", {}, "", resource("GET", "abc123", detail="full")),
    ("GET", "/api/resource/abc123", {}, "", resource("GET", "abc123", detail="basic")),
    ("GET", "/api/resource/abc123?detail=", {}, "", resource("GET", "abc123", detail="")),
    ("GET", "/api/resource/42", {}, "", resource("GET", "42", detail="basic")),
    ("GET", "/api/resource/a%20b", {}, "", resource("GET", "a b", detail="basic")),
    ("GET", f"/api/resource/{quote('资源')}", {}, "", resource("GET", "资源", detail="basic")),
    ("GET", "/api/resource/a%00b", {}, "", resource("GET", "a\0b", detail="basic")),
    ("GET", "/api/resource/%0A", {}, "", resource("GET", "\n", detail="basic")),
    (
        "POST",
        "/api/resource/abc123",
        JSON,
        '{"key": "value"}',
        resource("POST", "abc123", data={"key": "value"}),
    ),
    ("POST", "/api/resource/a", JSON, '{"key": 7}', resource("POST", "a", data={"key": "7"})),
    ("POST", "/api/resource/a", JSON, '{"key": ""}', resource("POST", "a", data={"key": ""})),
    ("POST", "/api/resource/a", FORM, "key=v", resource("POST", "a", data={"key": "v"})),
    ("POST", "/api/resource/a", XML, "<r><key>v</key></r>", resource("POST", "a", data={"key": "v"})),
    ("POST", "/api/resource/a%00b", JSON, '{"key": "v"}', resource("POST", "a\0b", data={"key": "v"})),
    ("POST", f"/api/resource/{'a' * 3000}", FORM, "key=v", resource("POST", "a" * 3000, data={"key": "v"})),
    (
        "PUT",
        "/api/resource/abc123",
        FORM,
        "field=new%20value",
        resource("PUT", "abc123", data={"field": "new value"}),
    ),
    ("PUT", "/api/resource/a", JSON, '{"field": "v"}', resource("PUT", "a", data={"field": "v"})),
    ("DELETE", "/api/resource/abc123?confirm=true", {}, "", resource("DELETE", "abc123", confirm=True)),
    ("DELETE", "/api/resource/abc123?confirm=True", {}, "", resource("DELETE", "abc123", confirm=True)),
    ("DELETE", "/api/resource/abc123?confirm=1", {}, "", resource("DELETE", "abc123", confirm=False)),
    ("DELETE", "/api/resource/abc123", {}, "", resource("DELETE", "abc123", confirm=False)),
    ("DELETE", "/api/resource/a%00b?confirm=true", {}, "", resource("DELETE", "a\0b", confirm=True)),
    # --- the rest
    ("POST", "/api/post", JSON, '{"key": "value"}', TAKEN),
    ("POST", "/api/post", UTF8_JSON, "[1]", TAKEN),
    ("POST", "/api/post", VENDOR_JSON, "null", TAKEN),
    ("POST", "/api/form", FORM, "username=alice&password=secret", FORM_TAKEN),
    ("POST", "/api/form", FORM_TYPE, form([("username", None, b"alice")]), FORM_TAKEN),
    ("POST", "/api/form", JSON, '{"username": "alice"}', FORM_TAKEN),
    ("GET", "/api/data", {}, "", {"key": "value"}),
    (
        "GET",
        "/api/users",
        {},
        "",
        [{"id": 1, "name": "Alice", "age": 30}, {"id": 2, "name": "Bob", "age": 25}],
    ),
]  # fmt: skip

UNCONFIRMED = {"message": "删除未确认"}
POST_TEXT = ("POST", "/post_example")
BAD: list[tuple[str, str, dict[str, str], str | bytes, int, Any]] = [
    *(
        ("DELETE", f"/delete_example{query}", {}, "", 400, UNCONFIRMED)
        for query in ("", "?confirm=", "?confirm=1", "?confirm=yes", "?confirm=maybe", "?confirm=+true")
    ),
    ("POST", "/api/post", FORM, "a=b", 400, NOT_JSON),
    ("POST", "/api/post", {"Content-Type": "text/plain"}, "{}", 400, NOT_JSON),
    ("POST", "/api/post", {}, "", 400, NOT_JSON),
    ("POST", "/api/post", XML, "<a/>", 400, NOT_JSON),
    ("POST", "/api/post", FORM_TYPE, MULTIPART, 400, NOT_JSON),
    ("POST", "/api/post", JSON, "", 400, NOT_JSON),
    ("POST", "/api/resource/a", JSON, "{}", 400, {"key": REQUIRED}),
    ("POST", "/api/resource/a", FORM, "field=1", 400, {"key": REQUIRED}),
    ("POST", "/api/resource/a", {}, "", 400, {"key": REQUIRED}),
    ("POST", "/api/resource/a", {**JSON, "Accept-Language": "zh-CN"}, "{}", 400, {"key": REQUIRED}),
    ("PUT", "/api/resource/a", FORM, "key=1", 400, {"field": REQUIRED}),
    ("PUT", "/api/resource/a", JSON, '{"field": null}', 400, {"field": ["This field may not be null."]}),
    ("POST", "/api/resource/a", JSON, '{"key": {"a": 1}}', 400, {"key": NOT_TEXT}),
    (*POST_TEXT, JSON, '{"title": null}', 400, {"title": ["This field may not be null."]}),
    (*POST_TEXT, JSON, '{"title": true}', 400, {"title": NOT_TEXT}),
    (*POST_TEXT, JSON, '{"title": ["a"]}', 400, {"title": NOT_TEXT}),
    (*POST_TEXT, JSON, '{"title": "a\\u0000b"}', 400, {"title": ["Null characters are not allowed."]}),
    (*POST_TEXT, FORM, "title=a%00b", 400, {"title": ["Null characters are not allowed."]}),
    (*POST_TEXT, FORM_TYPE, form([("title", "a.txt", b"a")]), 400, {"title": NOT_TEXT}),
    *(
        (*POST_TEXT, JSON, body, 400, {"non_field_errors": [said]})
        for body, said in (
            ("[]", "Invalid data. Expected a dictionary, but got list."),
            ("null", "No data provided"),
            ('"text"', "Invalid data. Expected a dictionary, but got str."),
            ("7", "Invalid data. Expected a dictionary, but got int."),
        )
    ),
]  # fmt: skip

UNREADABLE: list[tuple[dict[str, str], str | bytes, str]] = [
    (JSON, '{"title": ', "line 1, column 11"),
    (JSON, '{"title": "a",\n "b"}', "line 2, column 5"),
    (JSON, b'{"title": "\xff"}', "byte 11"),
    (JSON, '{"title": "\\ud800"}', "line 1, column"),
    (JSON, "NaN", "line 1, column 1"),
    (JSON, '{"title": 1' + "0" * 5000 + "}", "line 1, column"),
    (XML, "<root><title>a</root>", "line 1, column"),
    (XML, '<!DOCTYPE r [<!ENTITY e "x">]><r><title>&e;</title></r>', "DTD"),
    ({"Content-Type": "multipart/form-data"}, "title", "boundary"),
    (FORM, b"title=\xff", "byte 6"),
    (FORM, "title=%E6%A0%87%E9", "byte 9"),
]


def summary(row: tuple[Any, ...]) -> str:
    method, target, headers, body, *_ = row
    return f"{method} {target[:50]} {headers} {body[:40]!r}"


@pytest.mark.parametrize(
    ("method", "target", "headers", "body", "expected"), GOOD, ids=map(summary, GOOD)
)
def test_a_good_request_is_answered_as_printed(
    server: Server, method: str, target: str, headers: dict[str, str], body: Any, expected: Any
):
    answer = send(server, method, target, headers, body)

    assert (answer.status, answer.json) == (200, expected)
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "target", "headers", "body", "status", "expected"), BAD, ids=map(summary, BAD)
)
def test_bad_input_is_told_as_printed(
    server: Server,
    method: str,
    target: str,
    headers: dict[str, str],
    body: Any,
    status: int,
    expected: Any,
):
    answer = send(server, method, target, headers, body)

    assert (answer.status, answer.json) == (status, expected)


@pytest.mark.parametrize("target", ["/post_example", "/api/resource/a"])
@pytest.mark.parametrize(("headers", "body", "where"), UNREADABLE)
def test_a_body_that_cannot_be_read_is_told_with_the_position(
    server: Server, target: str, headers: dict[str, str], body: Any, where: str
):
    answer = send(server, "POST", target, headers, body)

    assert answer.status == 400
    assert where in answer.json["detail"]


FORMS = [
    ("GET", "/get_example/7", "", user(7)),
    ("POST", "/post_example", "{}", POSTED),
    ("PUT", "/put_example/456", "{}", ITEM),
    ("DELETE", "/delete_example?confirm=true", "", {"deleted": True, "authorization": "无授权"}),
    ("POST", "/api/resource/a", '{"key": "v"}', resource("POST", "a", data={"key": "v"})),
]


@pytest.mark.parametrize(("method", "target", "body", "expected"), FORMS)
def test_every_path_form_answers_the_same_without_a_redirect(
    server: Server, method: str, target: str, body: str, expected: Any
):
    path, _, query = target.partition("?")
    headers = JSON if body else {}
    forms = [path, f"{path}/", f"/api{path}", f"/api{path}/"]

    answers = [send(server, method, f"{each}?{query}", headers, body) for each in forms]

    assert [(answer.status, answer.json) for answer in answers] == [(200, expected)] * 4


@pytest.mark.parametrize("path", ["/api/post", "/api/form"])
def test_the_rest_answers_with_and_without_its_slash(server: Server, path: str):
    answers = [send(server, "POST", each, JSON, "{}") for each in (path, f"{path}/")]

    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].body == answers[1].body


@pytest.mark.parametrize("path", ["/api/data", "/api/users", "/get_example/5", "/api/resource/a"])
def test_head_is_get_without_the_body(server: Server, path: str):
    got, head = send(server, "GET", path), send(server, "HEAD", path)
    slashed = send(server, "HEAD", f"{path}/")

    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Type"] == got.headers["Content-Type"]
    assert head.headers["Content-Length"] == str(len(got.body))
    assert slashed.status == 200


ALLOWED = {
    "/get_example/5": "GET, HEAD, OPTIONS",
    "/post_example": "POST, OPTIONS",
    "/put_example/5": "PUT, OPTIONS",
    "/delete_example": "DELETE, OPTIONS",
    "/api/resource/a": "GET, POST, PUT, DELETE, HEAD, OPTIONS",
    "/api/post": "POST, OPTIONS",
    "/api/form": "POST, OPTIONS",
    "/api/data": "GET, HEAD, OPTIONS",
    "/api/users": "GET, HEAD, OPTIONS",
    "/stream": "GET, HEAD, OPTIONS",
}


@pytest.mark.parametrize(("path", "methods"), ALLOWED.items())
def test_a_wrong_method_is_told_which_ones_are_right(server: Server, path: str, methods: str):
    allowed = set(methods.split(", "))
    options = send(server, "OPTIONS", path)

    assert options.status == 200
    assert set(options.headers["Allow"].split(", ")) == allowed
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - allowed:
        answer = send(server, method, path, JSON, "{}")
        assert answer.status == 405, method
        assert set(answer.headers["Allow"].split(", ")) == allowed
        assert answer.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize(
    "target",
    [
        *(f"{base}/{bad}" for base in ("/get_example", "/api/get_example") for bad in
          ("abc", "-1", "1.5", "+1", "1e3", "%D9%A3", "%20", "0x1", "1_000")),
        "/api/nothing",
        "/api/nothing/at/all/",
        "/api/resource/a/b",
        "/api/resource/a%2Fb",
        "/api/resource/",
        "/get_example/",
        "/api/get_example",
    ],
)  # fmt: skip
def test_what_is_not_there_is_a_404_in_json(server: Server, target: str):
    for method in ("GET", "POST", "PUT"):
        answer = send(server, method, target.replace("get_", "put_") if method == "PUT" else target)
        if answer.status == 405:  # the path is one of another method's
            continue
        assert answer.status == 404, method
        assert "json" in answer.headers["Content-Type"]
        assert answer.json


@pytest.mark.parametrize(
    "path", ["/post_example", "/put_example/1", "/api/form", "/api/resource/a"]
)
@pytest.mark.parametrize(
    "kind", ["text/plain", "image/png", "nonsense", "application/octet-stream"]
)
def test_a_media_type_that_nobody_reads_is_415(server: Server, path: str, kind: str):
    answer = send(server, "PUT" if "put" in path else "POST", path, {"Content-Type": kind}, "a")

    assert answer.status == 415
    assert kind in answer.json["detail"]


def test_an_id_longer_than_python_reads_is_answered_all_the_same(server: Server):
    got = send(server, "GET", f"/get_example/00{ENDLESS}")
    put = send(server, "PUT", f"/put_example/{ENDLESS}", FORM, "name=n")
    xml = send(server, "GET", f"/get_example/{ENDLESS}", {"Accept": "application/xml"})

    assert (got.status, put.status, xml.status) == (200, 200, 200)
    assert f'"user_id":{ENDLESS},'.encode() in got.body
    assert f'"item_id":{ENDLESS},'.encode() in put.body
    assert ENDLESS.encode() in xml.body


def test_bytes_that_are_no_utf8_in_a_header_do_no_harm(server: Server):
    headers = {"X-Custom-Header": "caf\udce9"}

    answer = send_surrogates(server, headers)

    assert (answer.status, answer.json["custom_header"]) == (200, "caf\xe9")


def send_surrogates(server: Server, headers: dict[str, str]) -> Answer:
    raw = {
        name: value.encode("utf-8", "surrogateescape").decode("latin-1")
        for name, value in headers.items()
    }
    return send(server, "PUT", "/put_example/1", raw, "")  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"title": ' + "[" * 100 + "]" * 100 + "}", 400),
        ('{"title": ' + "[" * 200_000 + "]" * 200_000 + "}", 400),
        ("{" + ",".join(f'"f{n}": 1' for n in range(3000)) + "}", 400),
        ('{"title": "' + "a" * (11 * 2**20) + '"}', 413),
    ],
    ids=["deep", "very deep", "wide", "large"],
)
def test_bodies_that_are_too_much_are_refused(server: Server, body: str, status: int):
    answer = send(server, "POST", "/post_example", JSON, body)

    assert answer.status == status
    assert answer.json


def test_xml_is_answered_to_who_wants_it(server: Server):
    answer = send(server, "GET", "/api/data", {"Accept": "application/xml"})

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/xml")
    assert b"<key>value</key>" in answer.body


def test_every_answer_has_the_id_of_its_request(server: Server):
    mine = send(server, "GET", "/api/data", {"X-Request-Id": "learner-1"})
    made = send(server, "GET", "/get_example/abc")

    assert mine.headers["x-request-id"] == "learner-1"
    assert len(made.headers["x-request-id"]) == 32
