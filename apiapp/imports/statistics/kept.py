"""Statistics are computed once for each state of a dataset: any write to it makes them anew.

That state is in their key, as it was just read from the database: nobody is given those of before.
"""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from django.conf import settings
from django.utils import timezone

from apiapp.caching.configured import shared
from apiapp.caching.tiers import Terms, Tiers
from apiapp.imports.errors import StatisticsTooSlow
from apiapp.imports.models import Dataset
from apiapp.imports.row_query import RowQuery
from apiapp.imports.statistics.describing import Facts
from apiapp.imports.statistics.patience import TooSlow

KEEP_S = 24 * 3600.0


class AsItIs:
    """JSON, which takes less memory than what it says."""

    def dump(self, value: bytes) -> bytes:
        return value

    def load(self, said: bytes) -> bytes:
        return said


def version_of(dataset: Dataset, name: str, query: RowQuery) -> list[Any]:
    """What the statistics depend on."""
    changed = dataset.updated_at.isoformat()
    counted = [dataset.schema_version, dataset.row_count]
    return ["statistics", dataset.pk, changed, *counted, name, repr(query)]


def kept(key: str, compute: Callable[[], Facts]) -> Facts:
    """key: stands for all that the facts depend on.  Raises StatisticsTooSlow."""
    try:
        said = kept_facts().get(
            key, lambda: json.dumps(compute()).encode(), now_s=timezone.now().timestamp()
        )
    except TooSlow as error:
        raise StatisticsTooSlow from error
    facts: Facts = json.loads(said or b"{}")
    return facts


@cache
def kept_facts() -> Tiers[bytes]:
    """Of this process, by its settings.  Who waits does so for as long as all of it may take."""
    terms = Terms(
        cache="statistics",
        entries=settings.CACHING.entries,
        keep_s=KEEP_S,
        alone_s=KEEP_S,
        wait_s=2 * settings.STATISTICS_LIMIT_S,
    )
    return Tiers(terms, AsItIs(), shared())
