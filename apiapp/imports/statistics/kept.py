"""Statistics are computed once for each state of a dataset: any write to it makes them anew."""

from collections.abc import Callable
from typing import Any

from django.core.cache import cache

from apiapp.imports.errors import StatisticsTooSlow
from apiapp.imports.models import Dataset
from apiapp.imports.row_query import RowQuery
from apiapp.imports.statistics.describing import Facts
from apiapp.imports.statistics.patience import TooSlow

KEPT_S = 24 * 3600


def version_of(dataset: Dataset, name: str, query: RowQuery) -> list[Any]:
    """What the statistics depend on."""
    changed = dataset.updated_at.isoformat()
    counted = [dataset.schema_version, dataset.row_count]
    return ["statistics", dataset.pk, changed, *counted, name, repr(query)]


def kept(key: str, compute: Callable[[], Facts]) -> Facts:
    """key: stands for all that the facts depend on.  Raises StatisticsTooSlow."""
    facts: Facts | None = cache.get(key)
    if facts is None:
        try:
            facts = compute()
        except TooSlow as error:
            raise StatisticsTooSlow from error
        cache.set(key, facts, KEPT_S)
    return facts
