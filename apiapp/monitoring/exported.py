"""What /metrics tells: every request that any process counted, and how things are now."""

from collections.abc import Iterable, Iterator, Mapping

from apiapp.monitoring.durations import US_PER_S, counts_below
from apiapp.monitoring.exposition import Family, Labels, Sample
from apiapp.monitoring.gauges import Gauge
from apiapp.monitoring.tally import Figures, Kind

PREFIX = "sluice_"
# Some of durations.BOUNDS_US, so that each count is exact.
BOUNDS_US = (
    *(1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000),
    *(1_000_000, 2_500_000, 5_000_000, 10_000_000),
)


def families_of_requests(totals: dict[Kind, Figures]) -> list[Family]:
    """totals: of all processes, so that it does not matter which of them is asked."""
    labelled = [(labels_of(kind), totals[kind]) for kind in sorted(totals)]
    return [
        Family(
            f"{PREFIX}http_request_duration_seconds",
            "histogram",
            "From a request's head to the end of its answer; of sockets and MJPEG to its begin.",
            [sample for labels, each in labelled for sample in histogram(labels, each)],
        ),
        Family(
            f"{PREFIX}http_request_body_bytes",
            "counter",
            "Bytes of bodies that came.",
            [Sample(each.received_bytes, labels, "_total") for labels, each in labelled],
        ),
        Family(
            f"{PREFIX}http_response_body_bytes",
            "counter",
            "Bytes of bodies that were sent.",
            [Sample(each.sent_bytes, labels, "_total") for labels, each in labelled],
        ),
    ]


def labels_of(kind: Kind) -> Labels:
    status = f"{kind.status}xx" if kind.status else "none"
    return {"route": kind.route, "method": kind.method, "status": status}


def histogram(labels: Labels, figures: Figures) -> Iterator[Sample]:
    counts = counts_below(figures.buckets, BOUNDS_US)
    for bound_us, count in zip(BOUNDS_US, counts, strict=True):
        yield Sample(count, {**labels, "le": repr(bound_us / US_PER_S)}, "_bucket")
    yield Sample(figures.count, {**labels, "le": "+Inf"}, "_bucket")
    yield Sample(figures.duration_us / US_PER_S, labels, "_sum")
    yield Sample(figures.count, labels, "_count")


COUNTED = {
    "log_lines_dropped": "Log lines that were lost, by where: too many at once, or no place.",
    "log_lines_shipped": "Log lines that Elasticsearch took.",
    "log_lines_refused": "Log lines that Elasticsearch will never take.",
    "cache_lookups": "How often a tier of a cache was asked; a miss is looked for in the next one.",
}
# By the parts of a place, where it is not one.
LABELS = {"cache_lookups": ("cache", "tier", "outcome")}


def families_of_counts(totals: Mapping[tuple[str, str], int]) -> list[Family]:
    """totals: of all processes, by (name, place)."""
    return [
        Family(
            PREFIX + name,
            "counter",
            told,
            [
                Sample(totals[key], labels_of_place(*key), "_total")
                for key in sorted(totals)
                if key[0] == name
            ],
        )
        for name, told in COUNTED.items()
        if any(key[0] == name for key in totals)
    ]


def labels_of_place(name: str, place: str) -> Labels:
    if name in LABELS:
        return dict(zip(LABELS[name], place.split(), strict=True))
    return {"place": place} if place else {}


def families_of_gauges(gauges: Iterable[Gauge]) -> list[Family]:
    families: dict[str, Family] = {}
    for each in gauges:
        name = PREFIX + each.name
        family = families.setdefault(name, Family(name, "gauge", each.help, []))
        family.samples.append(Sample(each.value, each.labels))
    return list(families.values())
