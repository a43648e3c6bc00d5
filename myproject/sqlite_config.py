"""How SQLite's files are made and opened."""

from typing import Any

# A new file's, and for good.  Of tables that are filled and read as a whole the larger pages cost a
# quarter less; where single rows change they would be written for nothing.
PAGE_BYTES, DATASETS_PAGE_BYTES = 4096, 16_384
# Of the log that a load leaves behind.
LOG_BYTES = 64 << 20


def sqlite_options(*, page_bytes: int) -> dict[str, Any]:
    """Django's OPTIONS.  What makes a file comes first: afterwards its pages are as they are."""
    pragmas = (
        f"page_size={page_bytes}",
        "journal_mode=WAL",
        f"journal_size_limit={LOG_BYTES}",
        # An answer that says "stored" must survive a power cut, in WAL mode as well.
        "synchronous=FULL",
        "foreign_keys=ON",
    )
    return {
        "transaction_mode": "IMMEDIATE",  # a writer waits at its start, not with work half done
        "timeout": 20,
        "init_command": "".join(f"PRAGMA {pragma}; " for pragma in pragmas).rstrip(),
    }
