"""How good and how fast a screen is sent, by what its viewers can take.  Plain functions.

All viewers of a codec share its bytes, so what is lowered for one is lowered for all.  Every two
seconds it is counted who could not keep up.  If that is more than a third of them, quality goes
down one step, and after quality the rate; fewer are left to what is theirs alone: they lose frames,
and are advised to take the tier `light`.  When for ten seconds nobody had to be heeded it goes up
one step; a step up that had to be taken back makes the next try wait twice as long, so that a
viewer at its limit does not make the picture pump.
"""

from dataclasses import dataclass, replace

WINDOW_S = 2.0
LOST_RATIO = 0.1  # of the frames offered: more than one in ten is seen as stutter
LATE_MS = 600.0  # from capture to screen: what is later is no longer talked over
STALLED_S = 4.0  # a viewer that takes nothing at all says nothing about the rate
HEEDED_RATIO = 1 / 3
FIRST_PATIENCE = 5  # windows without complaint until a step up
LONGEST_PATIENCE = 80
ADVISED_AFTER = 3  # windows in a row


@dataclass(frozen=True, slots=True)
class Level:
    """quality_ratio: of the encoder's best; rate_ratio: of the screen's pictures a second."""

    quality_ratio: float
    rate_ratio: float


LEVELS = (
    Level(1.0, 1.0),
    Level(0.7, 1.0),
    Level(0.45, 1.0),
    Level(0.3, 1.0),
    Level(0.3, 2 / 3),
    Level(0.3, 1 / 2),
    Level(0.2, 1 / 3),
)


@dataclass(frozen=True, slots=True)
class ViewerWindow:
    """What one viewer could take in the last window.

    dropped: of the offered frames, here or at the viewer.  latency_ms: as the viewer measured it,
    if it did.  stalled_s: for how long it has taken nothing.
    """

    offered: int
    dropped: int
    latency_ms: float | None = None
    stalled_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Course:
    """Where adapting stands, for the viewers of one codec.

    step: in LEVELS.  calm: windows without complaint in a row.  patience: how many make a step up.
    is_trial: whether the newest step was up and has not held for `patience` windows yet.
    """

    step: int = 0
    calm: int = 0
    patience: int = FIRST_PATIENCE
    is_trial: bool = False

    @property
    def level(self) -> Level:
        return LEVELS[self.step]


def is_too_slow(window: ViewerWindow) -> bool:
    """Whether a viewer could not keep up."""
    is_late = window.latency_ms is not None and window.latency_ms > LATE_MS
    return is_late or window.dropped > LOST_RATIO * max(window.offered, 1)


def must_be_heeded(windows: list[ViewerWindow]) -> bool:
    """Whether more than a third of those that take anything at all could not keep up."""
    taking = [window for window in windows if window.stalled_s < STALLED_S]
    return sum(map(is_too_slow, taking)) > HEEDED_RATIO * len(taking)


def next_course(course: Course, windows: list[ViewerWindow]) -> Course:
    """Where it stands after one more window."""
    if must_be_heeded(windows):
        return _lowered(course)
    calm = course.calm + 1
    if calm < course.patience:
        return replace(course, calm=calm)
    if course.step:
        return replace(course, step=course.step - 1, calm=0, is_trial=True)
    # The best there is has held: whatever made it worse is over.
    patience = max(FIRST_PATIENCE, course.patience // 2)
    return Course(step=0, calm=0, patience=patience, is_trial=False)


def _lowered(course: Course) -> Course:
    longer = course.patience * 2 if course.is_trial else course.patience
    return Course(
        step=min(course.step + 1, len(LEVELS) - 1),
        calm=0,
        patience=min(longer, LONGEST_PATIENCE),
        is_trial=False,
    )


def slow_in_a_row(before: int, window: ViewerWindow) -> int:
    """How many windows in a row a viewer was too slow, with one more."""
    return before + 1 if is_too_slow(window) else 0


def is_advised_light(slow_windows: int) -> bool:
    """Whether a viewer should take the tier `light`: it is slow, and the others are not."""
    return slow_windows >= ADVISED_AFTER
