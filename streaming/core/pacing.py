"""When the next picture is due.  Plain arithmetic on a monotonic clock; nothing here waits."""

NS_PER_S = 1_000_000_000


def frame_due_ns(*, started_ns: int, sequence: int, rate_fps: float) -> int:
    """When frame `sequence` is due, on the clock of `started_ns`; free of drift, as no sum is kept."""
    return started_ns + round(sequence * NS_PER_S / rate_fps)


def newest_due(*, started_ns: int, now_ns: int, rate_fps: float) -> int:
    """The number of the newest frame that is due at `now_ns`."""
    return int((now_ns - started_ns) * rate_fps / NS_PER_S)


class Pace:
    """The times of pictures at a steady rate.

    Who comes late gets the newest picture that is due, at once; those between are skipped: they
    would all show the same moment, and make the next ones late too.
    """

    def __init__(self, *, started_ns: int, rate_fps: float) -> None:
        self._started_ns = started_ns
        self._rate_fps = rate_fps
        self._sequence = -1
        self.skipped = 0

    def next_due_ns(self, now_ns: int) -> int:
        """When to take the next picture; not after `now_ns` when it is due already."""
        due = newest_due(started_ns=self._started_ns, now_ns=now_ns, rate_fps=self._rate_fps)
        following = self._sequence + 1
        self.skipped += max(0, due - following)
        self._sequence = max(following, due)
        return frame_due_ns(
            started_ns=self._started_ns, sequence=self._sequence, rate_fps=self._rate_fps
        )
