"""Figures as Prometheus reads them: its text format 0.0.4, and OpenMetrics 1.0.  Plain Python.

https://prometheus.io/docs/instrumenting/exposition_formats/
https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """suffix: of the family's name, such as `_bucket`."""

    value: float
    labels: Labels = field(default_factory=dict)
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """name: without the `_total` that the samples of a counter have.  kind: gauge, counter, histogram."""

    name: str
    kind: str
    help: str
    samples: list[Sample]


def written(families: Iterable[Family], *, is_open_metrics: bool) -> str:
    lines = [line for each in families for line in lines_of(each, is_open_metrics=is_open_metrics)]
    end = ["# EOF"] if is_open_metrics else []
    return "\n".join([*lines, *end, ""])


def lines_of(family: Family, *, is_open_metrics: bool) -> Iterator[str]:
    """In the older format a counter's `_total` is a part of its name."""
    is_named_in_full = family.kind == "counter" and not is_open_metrics
    name = f"{family.name}_total" if is_named_in_full else family.name
    yield f"# HELP {name} {family.help.translate(ESCAPES)}"
    yield f"# TYPE {name} {family.kind}"
    for sample in family.samples:
        labels = ",".join(f'{k}="{v.translate(ESCAPES)}"' for k, v in sample.labels.items())
        braced = f"{{{labels}}}" if labels else ""
        yield f"{family.name}{sample.suffix}{braced} {number(sample.value)}"


def number(value: float) -> str:
    return str(value) if isinstance(value, int) else repr(float(value))
