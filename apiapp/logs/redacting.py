"""What opens something is never in a log line, wherever in a text it stands.

Whoever logs is to leave secrets out.  This is for what slips in all the same: in a path, an error's
words, a traceback, a header that somebody's library prints.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

GONE = "***"
SHORTEST_SECRET = 12  # characters; a shorter one is a word like any other ("postgres")
LONGEST_TEXT = 32_768  # characters of one value

WORDS = (
    r"password|passwd|passphrase|pwd|secret|token|pin|api[_-]?key|apikey|access[_-]?key|signature"
    r"|credential|session(?:id|_key)|sluice_(?:session|csrf)\w*|csrf\w*|x-amz-[a-z-]{0,30}(?:token|signature)"
)
HEADERS = r"(?:(?:proxy-)?authorization|(?:set-)?cookie)"
# Each takes a time that grows with the text and no faster: what is repeated has a bound, or is never
# looked at twice.
REPLACEMENTS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        # Links to screens, also cut off or escaped; login links; secrets of webhooks.
        (r"slk_[\w%-]+", f"slk_{GONE}"),
        (r"(/login/)[\w%-]{16,}", rf"\g<1>{GONE}"),
        (r"whsec_[\w+/=%-]+", f"whsec_{GONE}"),
        # API keys of ours; the prefix is public.
        (r"([0-9a-f]{12})(?:\.|%(?:25)*2e)[\w%-]{20,}", rf"\1.{GONE}"),
        # Authorization, with and without its name; ApiKey is Elasticsearch's.
        (r"(bearer)(\s+|%20|\+)[\w.~+/=:%-]{8,}", rf"\1\2{GONE}"),
        (r"(basic|digest|apikey|token)(\s+|%20|\+)(?=\S*[\d=])[\w.~+/=:%-]{8,}", rf"\1\2{GONE}"),
        # It and cookies, all of them: to the end of a quoted value, or of the line.
        (rf"({HEADERS}\\*['\"]\s*[:=,]\s*b?\\*(['\"]))(?:\\+.|(?!\2)[^\\])*+\2?", rf"\1{GONE}\2"),
        (rf"({HEADERS}\s*[:=]\s*)[^'\"\s\[(][^\r\n]*", rf"\1{GONE}"),
        # Addresses with a password: of databases, brokers, proxies.  The name may be empty.
        (r"(://[^\s/:@'\"]{0,256}:)[^\s'\"]{1,512}@(?=[\w\[])", rf"\1{GONE}@"),
        # name=value of queries, forms, connection strings; "name": "value" of JSON and Python.
        (rf"\b((?:\w+[_-])?(?:{WORDS}))=(?!{re.escape(GONE)})[^&\s\"'<>;,]+", rf"\1={GONE}"),
        (
            rf"((['\"])(?:\w+[_-])?(?:{WORDS})\\*\2\s*:\s*b?\\*(['\"]))(?:\\+.|(?!\3)[^\\])*+\3?",
            rf"\g<1>{GONE}\3",
        ),
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*-----|\Z)", GONE),
    )
)
HINTS = re.compile(
    r"slk_|/login/|whsec_|[0-9a-f]{12}(?:\.|%(?:25)*2e)|bearer|basic|digest|apikey|token|authorization"
    rf"|cookie|://|private key|{WORDS}",
    re.IGNORECASE,
)
SECRET_NAME = re.compile(rf"(?:{WORDS}|authorization|cookie|private_key)$", re.IGNORECASE)

Redact = Callable[[str], str]


def redacted(text: str) -> str:
    """`text` without what looks like a secret."""
    if not HINTS.search(text):
        return text
    for pattern, replacement in REPLACEMENTS:
        text = pattern.sub(replacement, text)
    return text


def redacting(secrets: Iterable[str]) -> Redact:
    """`redacted`, which also knows these secrets by themselves."""
    known = sorted({each for each in secrets if len(each) >= SHORTEST_SECRET}, key=len)
    if not known:
        return redacted
    literal = re.compile("|".join(map(re.escape, reversed(known))))
    return lambda text: redacted(literal.sub(GONE, text))


def shortened(text: str) -> str:
    """Cut to what a line may hold, and of characters alone that can be written."""
    if len(text) > LONGEST_TEXT:
        text = f"{text[:LONGEST_TEXT]} [{len(text) - LONGEST_TEXT} characters more]"
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def clean(value: Any, redact: Redact, name: str = "") -> Any:
    """A field's value, with all that is in it redacted; what JSON does not know becomes text."""
    if value and SECRET_NAME.search(name):
        return GONE
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(key): clean(each, redact, str(key)) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [clean(each, redact) for each in value]
    return redact(shortened(value if isinstance(value, str) else str(value)))
