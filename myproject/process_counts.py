"""Of settings.MONITORING.counts: all that this process counts beside requests."""

from apiapp.caching.lookups import lookups
from myproject import log_counts

LOOKUPS = "cache_lookups"


def counts() -> dict[tuple[str, str], int]:
    """(name, place) -> how many, since it began.  The place of a look-up: its parts, with blanks."""
    asked = {(LOOKUPS, " ".join(each)): count for each, count in lookups.counts().items()}
    return {**log_counts.counts(), **asked}
