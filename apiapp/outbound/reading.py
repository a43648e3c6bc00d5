"""What an answer says, as data: JSON as it is, XML as objects (read without DTD or entities)."""

import io
import re
from email.message import Message
from typing import Any
from xml.etree.ElementTree import Element  # nosec B405 # the type alone; defusedxml reads

from rest_framework.exceptions import ParseError

from apiapp.http.charsets import is_text
from apiapp.http.errors import RequestError
from apiapp.http.parsers import read_json, read_tree
from apiapp.outbound.errors import UnreadableAnswer

MOST_DEPTH, MOST_FIELDS = 64, 100_000
JSON = re.compile(r"application/(.+\+)?json|text/json", re.IGNORECASE)
XML = re.compile(r"(application|text)/(.+\+)?xml", re.IGNORECASE)
DECLARED = re.compile(rb"""\s*<\?xml[^>]*?(?:encoding=["']([\w.:-]+)["'][^>]*?)?\?>""", re.ASCII)


def data_of(content: bytes, *, content_type: str) -> Any:
    """The data; None for what is neither JSON nor XML.  Raises UnreadableAnswer.

    An element is an object of its attributes (`@name`), its children (a list where several are
    called the same) and its text (`#text`); one that has text alone is that text.  Names are told
    without their namespaces.
    """
    message = Message()
    message["Content-Type"] = content_type
    media_type, limits = message.get_content_type(), {"max_depth": MOST_DEPTH}
    try:
        if JSON.fullmatch(media_type):
            return read_json(content, **limits, max_fields=MOST_FIELDS)
        if XML.fullmatch(media_type):
            charset = message.get_content_charset("")
            told = io.BytesIO(as_utf8(content, charset))
            root = read_tree(told, **limits, max_fields=MOST_FIELDS)
            return {local_name(root.tag): value_of(root)}
    except (ParseError, RequestError) as error:
        raise UnreadableAnswer(str(getattr(error, "detail", error))) from error
    return None


def as_utf8(content: bytes, charset: str) -> bytes:
    """Without its declaration, if it is in one of the many encodings that expat does not know.

    charset: as the header says, which counts more than what is declared (RFC 7303, section 3).
    """
    declared = DECLARED.match(content)
    encoding = charset or (declared[1] or b"").decode() if declared else charset
    if not is_text(encoding):
        return content  # which its reader knows, or says what is wrong
    text = content[declared.end() if declared else 0 :].decode(encoding, "replace")
    return text.encode("utf-8", "replace")


def value_of(element: Element) -> Any:
    fields: dict[str, list[Any]] = {
        f"@{local_name(name)}": [value] for name, value in element.items()
    }
    text = element.text or ""
    for child in element:
        fields.setdefault(local_name(child.tag), []).append(value_of(child))
        text += child.tail or ""
    if not fields:
        return text
    if text.strip():
        fields["#text"] = [text.strip()]
    return {name: values if len(values) > 1 else values[0] for name, values in fields.items()}


def local_name(name: Any) -> str:
    return str(name).rpartition("}")[2]
