"""Counts in sentences of the API, which are plain English."""


def counted(count: int, noun: str, plural: str = "") -> str:
    """ "1 row", "2 rows", "1,000 rows"; `plural` where an s does not make it."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
