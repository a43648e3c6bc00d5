import base64
import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apiapp.outbound import configured
from apiapp.outbound.asks import (
    BODIES,
    FILE,
    MULTIPART,
    Ask,
    address_of,
    authorization_of,
)
from apiapp.outbound.client import headers
from apiapp.outbound.client.bodies import OCTETS
from apiapp.outbound.client.client import METHODS
from apiapp.outbound.client.guard import target_of
from apiapp.outbound.errors import BadCall, CallFailed, UnreadableAnswer
from apiapp.outbound.models import CallRecord, Connection
from apiapp.outbound.reading import data_of

MOST_FIELDS = 100
MOST_FILES = 20
BODY_KINDS = tuple(kind for kind in BODIES if kind)
BODY_FIELDS = {*BODY_KINDS, FILE, "files"}
MEDIA_TYPE = re.compile(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+/[\x20-\x7e]+$")  # RFC 9110, section 8.3.1


def checked(check: Callable[..., Any], *args: Any) -> Any:
    """What `check` says of the arguments.  Raises ValidationError in the words of its error."""
    try:
        return check(*args)
    except CallFailed as error:
        raise serializers.ValidationError(str(error)) from error


class Texts(serializers.DictField):
    """An object of texts."""

    child = serializers.CharField(allow_blank=True, max_length=8192, trim_whitespace=False)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "default": dict, **kwargs})

    def to_internal_value(self, data: Any) -> dict[str, str]:
        found: dict[str, str] = super().to_internal_value(data)
        if len(found) > MOST_FIELDS:
            raise serializers.ValidationError(f"There are more than {MOST_FIELDS} of them.")
        return found


class HeaderTexts(Texts):
    def to_internal_value(self, data: Any) -> dict[str, str]:
        found: dict[str, str] = checked(headers.checked, super().to_internal_value(data))
        return found


class CircuitDetail(serializers.Serializer[Any]):
    """Whether calls go to the base address now, or it is left alone."""

    state = serializers.ChoiceField(
        ["closed", "open", "half_open"],
        help_text="open: nothing is sent; half_open: the next call tries whether it is well.",
    )
    failures = serializers.IntegerField(help_text="In a row.")
    left_s = serializers.FloatField(help_text="Until a call may try.")


class ConnectionDetail(serializers.ModelSerializer[Connection]):
    owner = serializers.CharField(source="owner.username", read_only=True)
    headers = HeaderTexts(help_text="Sent with each call; they are shown, so no secrets.")
    secret = serializers.CharField(
        write_only=True,
        required=False,
        allow_blank=True,
        max_length=8192,
        trim_whitespace=False,
        help_text="Password, token or value of the header. Sealed; never shown again.",
    )
    has_secret = serializers.BooleanField(read_only=True)
    circuit = serializers.SerializerMethodField()

    class Meta:
        model = Connection
        fields: ClassVar = [
            "id",
            "owner",
            "name",
            "base_url",
            "auth",
            "auth_name",
            "secret",
            "has_secret",
            "headers",
            "connect_s",
            "read_s",
            "total_s",
            "answer_limit_bytes",
            "attempts",
            "allow_private",
            "circuit",
            "created_at",
            "updated_at",
        ]
        read_only_fields: ClassVar = ["created_at", "updated_at"]

    @extend_schema_field(CircuitDetail)
    def get_circuit(self, row: Connection) -> dict[str, Any]:
        return asdict(configured.circuit_of(row))

    def validate_base_url(self, url: str) -> str:
        if "?" in url or "#" in url:
            raise serializers.ValidationError("a base address ends with a path")
        checked(target_of, url)
        return url

    def validate_allow_private(self, wanted: bool) -> bool:
        was = bool(self.instance and self.instance.allow_private)
        if wanted and not was and not self.context["by_staff"]:
            raise serializers.ValidationError("only staff may allow private networks")
        return wanted

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        """Whether what it is known by can be a header."""
        kind = values.get("auth", getattr(self.instance, "auth", Connection.Auth.NONE))
        name = values.get("auth_name", getattr(self.instance, "auth_name", ""))
        checked(headers.checked, checked(authorization_of, kind, name, values.get("secret") or "x"))
        return values


class AuthWish(serializers.Serializer[Any]):
    scheme = serializers.ChoiceField(["basic", "bearer"])
    name = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)
    secret = serializers.CharField(max_length=8192, trim_whitespace=False)


class FileWish(serializers.Serializer[Any]):
    """A finished upload that is sent."""

    file_id = serializers.CharField(max_length=32)
    filename = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=255,
        help_text="None: the upload's own.",
    )
    content_type = serializers.RegexField(MEDIA_TYPE, default=OCTETS, max_length=200)


class PartWish(FileWish):
    field = serializers.CharField(default="file", max_length=200)


class NewCall(serializers.Serializer[Any]):
    """At most one of `json`, `form`, `xml`, `text` and `file` is the body; `files` go with `form`."""

    connection = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=2**63 - 1
    )
    method = serializers.ChoiceField(METHODS, default="GET")
    url = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=8192,
        help_text="With a connection: what follows its base address; else all of it.",
    )
    query = Texts()
    headers = HeaderTexts()
    cookies = Texts()
    auth = AuthWish(required=False, allow_null=True, default=None)
    json = serializers.JSONField(required=False, allow_null=True)
    form = Texts(required=False, default=serializers.empty)
    xml = serializers.CharField(required=False, trim_whitespace=False)
    text = serializers.CharField(required=False, trim_whitespace=False)
    file = FileWish(required=False, help_text="A finished upload, by itself.")
    files = serializers.ListField(
        child=PartWish(),
        required=False,
        allow_empty=False,
        max_length=MOST_FILES,
        help_text="Finished uploads, sent with `form` as multipart/form-data.",
    )
    background = serializers.BooleanField(default=False)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        kinds = {
            MULTIPART if name in ("form", "files") else name for name in BODY_FIELDS & {*values}
        }
        if len(kinds) > 1:
            raise serializers.ValidationError(
                "only one of json, form, xml, text and file is the body; files go with form"
            )
        return values


def body_in(values: dict[str, Any]) -> tuple[str, Any]:
    """(kind, body) as an Ask has them."""
    if "files" in values:
        return MULTIPART, {"fields": values.get("form", {}), "files": values["files"]}
    kind = next((each for each in (*BODY_KINDS, FILE) if each in values), "")
    return kind, values.get(kind)


def ask_of(values: dict[str, Any], connection: Connection | None) -> Ask:
    """What a NewCall asks.  Raises ValidationError."""
    kind, body = body_in(values)
    auth = values["auth"]
    try:
        known_by = authorization_of(auth["scheme"], auth["name"], auth["secret"]) if auth else {}
        headers.checked(known_by)
        url = address_of(values["url"], connection, values["query"])
        target_of(url)
        if kind in BODIES:
            BODIES[kind](body)
    except CallFailed as error:
        field = "json" if isinstance(error, BadCall) and kind == "json" else "url"
        raise serializers.ValidationError({field: [str(error)]}) from error
    return Ask(
        method=values["method"],
        url=url,
        headers=values["headers"],
        cookies=values["cookies"],
        kind=kind,
        body=body,
        authorization=known_by.get("Authorization", ""),
        connection_id=connection.pk if connection else None,
    )


class ReplayWish(serializers.Serializer[Any]):
    background = serializers.BooleanField(default=False)


class CallSummary(serializers.ModelSerializer[CallRecord]):
    owner = serializers.CharField(source="owner.username", read_only=True)

    class Meta:
        model = CallRecord
        fields: ClassVar = [
            "id",
            "owner",
            "connection",
            "state",
            "method",
            "url",
            "status",
            "error",
            "cache",
            "attempts",
            "sent_bytes",
            "received_bytes",
            "duration_s",
            "job_id",
            "replay_of",
            "created_at",
            "ended_at",
        ]


class CallDetail(CallSummary):
    """With headers, from which secrets are taken out, and the answer as far as it is kept."""

    answer_text = serializers.SerializerMethodField()
    answer_base64 = serializers.SerializerMethodField()
    answer_is_whole = serializers.SerializerMethodField()
    answer_data = serializers.SerializerMethodField()
    answer_data_error = serializers.SerializerMethodField()

    class Meta(CallSummary.Meta):
        fields: ClassVar = [
            *CallSummary.Meta.fields,
            "request_headers",
            "address",
            "redirects",
            "answer_headers",
            "answer_bytes",
            "answer_is_whole",
            "answer_text",
            "answer_base64",
            "answer_data",
            "answer_data_error",
        ]

    @extend_schema_field({"type": "string", "nullable": True, "description": "If it is UTF-8."})
    def get_answer_text(self, call: CallRecord) -> str | None:
        return text_of(bytes(call.answer_content))

    @extend_schema_field({"type": "string", "nullable": True, "description": "If it is not."})
    def get_answer_base64(self, call: CallRecord) -> str | None:
        content = bytes(call.answer_content)
        return base64.b64encode(content).decode() if text_of(content) is None else None

    @extend_schema_field({"description": "What JSON or XML says; null for other answers."})
    def get_answer_data(self, call: CallRecord) -> Any:
        return read_answer(call)[0]

    @extend_schema_field({"type": "string", "description": "Why the answer is not read as such."})
    def get_answer_data_error(self, call: CallRecord) -> str:
        return read_answer(call)[1]

    def get_answer_is_whole(self, call: CallRecord) -> bool:
        return len(call.answer_content) == call.answer_bytes


def read_answer(call: CallRecord) -> tuple[Any, str]:
    """(data, why there is none)."""
    content_type = next((v for k, v in call.answer_headers if k.lower() == "content-type"), "")
    if not call.answer_content:
        return None, ""
    try:
        return data_of(bytes(call.answer_content), content_type=content_type), ""
    except UnreadableAnswer as error:
        is_cut = len(call.answer_content) < call.answer_bytes
        return None, "only the beginning of the answer is kept" if is_cut else str(error)


def text_of(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
