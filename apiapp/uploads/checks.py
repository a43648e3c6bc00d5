"""What `manage.py check` says of UPLOAD_STORE; with --deploy also whether it can be used."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from apiapp.uploads import configured
from apiapp.uploads.stores.s3_location import MAX_FILE_BYTES, BadLocation, parse_location

HINT = "UPLOAD_STORE=s3://bucket/prefix?endpoint=https://host; see docs/operate.md"


@register("uploads")
def check_location(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not settings.UPLOAD_STORE:
        return []
    try:
        parse_location(settings.UPLOAD_STORE)
    except BadLocation as error:
        return [Error(f"UPLOAD_STORE cannot be used: {error}", hint=HINT, id="uploads.E001")]
    if settings.UPLOAD_MAX_BYTES > MAX_FILE_BYTES:
        told = f"UPLOAD_MAX_BYTES is more than the {MAX_FILE_BYTES} bytes of an object of S3"
        return [Error(told, id="uploads.E002")]
    return []


@register(deploy=True)
def check_bucket(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not settings.UPLOAD_STORE or check_location(app_configs):
        return []
    reason = configured.s3().why_unusable(parse_location(settings.UPLOAD_STORE))
    told = f"the bucket of UPLOAD_STORE cannot be used: {reason}"
    return [Error(told, hint=HINT, id="uploads.E003")] if reason else []
