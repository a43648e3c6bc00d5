"""Where on S3 files are: `s3://bucket/prefix?endpoint=...`; and into which parts they are cut."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

MIB = 2**20
# Of S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
MAX_PARTS = 10_000
MIN_PART_BYTES, MAX_PART_BYTES = 5 * MIB, 5 * 2**30
MAX_FILE_BYTES = 5 * 2**40
MAX_PREFIX_BYTES = 512

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
NUMBER = re.compile(r"[0-9]{1,5}")
ADDRESSINGS = ("auto", "path", "virtual")
OPTIONS = ("endpoint", "region", "addressing", "part_mib")


class BadLocation(ValueError):
    """The URL does not say where files are to be; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Location:
    """prefix: begins every key, and ends in a slash unless it is empty.

    endpoint: of a service that is not Amazon's; empty: as boto3's own settings say, as for the
    region.  addressing: whether the bucket is a part of the host's name or of the path.
    part_bytes: of the parts in which a large file is sent, unless it needs larger ones.
    """

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    addressing: str = "auto"
    part_bytes: int = 16 * MIB


def parse_location(url: str) -> Location:
    """Raises BadLocation."""
    try:
        parts = urlsplit(url)
        has_more = bool(parts.username or parts.password or parts.port or parts.fragment)
    except ValueError as error:
        raise BadLocation(f"it cannot be read: {error}") from error
    if parts.scheme != "s3":
        raise BadLocation("it has to begin with s3://")
    if has_more:
        raise BadLocation(
            "only a bucket stands before the prefix; credentials belong in AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY"
        )
    if not BUCKET.fullmatch(parts.netloc):
        raise BadLocation(f"{parts.netloc!r} is no name of a bucket")
    options = options_in(parts.query)
    return Location(
        bucket=parts.netloc,
        prefix=prefix_of(parts.path),
        endpoint=endpoint_of(options.get("endpoint", "")),
        region=options.get("region", ""),
        addressing=addressing_of(options.get("addressing", "auto")),
        part_bytes=part_bytes_of(options.get("part_mib", "16")),
    )


def options_in(query: str) -> dict[str, str]:
    """Raises BadLocation."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError as error:
        raise BadLocation(f"its options cannot be read: {error}") from error
    options = dict(pairs)
    for name in options:
        if name not in OPTIONS:
            raise BadLocation(f"{name!r} is none of its options: {', '.join(OPTIONS)}")
    if len(options) < len(pairs):
        raise BadLocation("an option stands there twice")
    return options


def prefix_of(path: str) -> str:
    """Raises BadLocation."""
    prefix = unquote(path).strip("/")
    if not prefix:
        return ""
    if "//" in prefix or not prefix.isprintable() or {".", ".."} & set(prefix.split("/")):
        raise BadLocation(f"{prefix!r} cannot begin the keys of files")
    if len(prefix.encode()) > MAX_PREFIX_BYTES:
        raise BadLocation(f"the prefix has more than {MAX_PREFIX_BYTES} bytes")
    return f"{prefix}/"


def endpoint_of(text: str) -> str:
    """Raises BadLocation."""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        is_plain = parts.path in ("", "/") and not (parts.query or parts.fragment or "@" in text)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_url = is_url and parts.port != 0
    except ValueError as error:
        raise BadLocation(f"the endpoint cannot be read: {error}") from error
    if not (is_url and is_plain):
        raise BadLocation(f"the endpoint has to be http(s)://host[:port], not {text!r}")
    return text


def addressing_of(text: str) -> str:
    """Raises BadLocation."""
    if text not in ADDRESSINGS:
        raise BadLocation(f"the addressing is one of {', '.join(ADDRESSINGS)}, not {text!r}")
    return text


def part_bytes_of(text: str) -> int:
    """Raises BadLocation."""
    part_bytes = int(text) * MIB if NUMBER.fullmatch(text) else 0
    if not MIN_PART_BYTES <= part_bytes <= MAX_PART_BYTES:
        least, most = MIN_PART_BYTES // MIB, MAX_PART_BYTES // MIB
        raise BadLocation(f"part_mib is a whole number from {least} to {most}, not {text!r}")
    return part_bytes


def part_bytes_for(size_bytes: int, *, wanted_bytes: int) -> int:
    """The size of the parts of a file, whole MiB: the wanted one, or what keeps to MAX_PARTS.

    It depends on nothing else, so that a later run cuts the file as an earlier one did.
    """
    least_bytes = -(-size_bytes // MAX_PARTS)
    return max(wanted_bytes, -(-least_bytes // MIB) * MIB)
