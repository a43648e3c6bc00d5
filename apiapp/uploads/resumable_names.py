"""The name that a client gives a file by Content-Disposition (RFC 6266, RFC 8187)."""

import re
from urllib.parse import unquote_to_bytes

from apiapp.uploads.errors import BadHeader

WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # a token of RFC 9110, section 5.6.2
TYPE = re.compile(rf"[ \t]*{WORD}[ \t]*")
PARAMETER = re.compile(
    rf';[ \t]*({WORD})[ \t]*=[ \t]*(?:({WORD})|"((?:[^"\\]|\\.)*)")[ \t]*', re.DOTALL
)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
EXTENDED = re.compile(r"(UTF-8|ISO-8859-1)'[A-Za-z0-9-]*'((?:[^%']|%[0-9A-Fa-f]{2})*)", re.I)


def filename_in(header: str) -> str:
    """The file name, empty if there is none; `filename*` counts more than `filename`.

    `header`: its bytes as Latin-1.  Raises BadHeader.
    """
    if not header:
        return ""
    given = parameters_of(header)
    if "filename*" in given:
        return extended(given["filename*"])
    return plain(given.get("filename", ""))


def parameters_of(header: str) -> dict[str, str]:
    """By their names in lower case.  Raises BadHeader, also for one that comes twice."""
    found = TYPE.match(header)
    at, given = found.end() if found else 0, {}
    while found and at < len(header):
        found = PARAMETER.match(header, at)
        if not found or found[1].lower() in given:
            break
        name, token, quoted = found.groups()
        given[name.lower()] = token if token is not None else ESCAPED.sub(r"\1", quoted)
        at = found.end()
    if not found or at < len(header):
        raise BadHeader(f"Content-Disposition cannot be read: {header[:100]!r}")
    return given


def extended(value: str) -> str:
    """The text of an ext-value, `UTF-8''%e2%82%ac`.  Raises BadHeader."""
    found = EXTENDED.fullmatch(value)
    try:
        if found:
            return unquote_to_bytes(found[2]).decode(found[1])
    except UnicodeDecodeError:
        pass
    raise BadHeader(f"Content-Disposition: filename* is UTF-8''..., not {value[:100]!r}")


def plain(value: str) -> str:
    """What most clients send is UTF-8, though the field is Latin-1 by the book."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value
