"""What was decided about a file, and why."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Decisions:
    """Parts of a dialect, each with a sentence and a confidence from 0 to 1."""

    values: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    confidence: dict[str, float] = field(default_factory=dict)

    def decide(self, name: str, value: Any, reason: str, confidence: float) -> None:
        self.values[name] = value
        self.reasons[name] = reason
        self.confidence[name] = round(min(1.0, max(0.0, confidence)), 2)
