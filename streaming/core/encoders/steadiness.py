"""When motion lasts: whether one quantiser will do for all of it.  Plain Python.

Keeping each picture to a number of bytes is half of what libx264 spends on a picture (it has to
look at every picture twice).  While a whole screen moves, pictures take much the same bytes at the
same quantiser, so it need not: the quantiser is taken over from the pictures before, a little
coarser, and what comes out is watched.  Anything else, and anything that does not fit, is left to
libx264 again.
"""

from dataclasses import dataclass

FINEST, COARSEST = 24, 46
COARSER_BY = 3  # so that a picture that is harder than the last ones fits too
FIRST_PATIENCE_S = 2.0  # of motion, until it counts as lasting
LONGEST_PATIENCE_S = 60.0
MOVING_RATIO = 0.5  # of what a picture may take, on average: less is no motion of a whole screen
CALM_RATIO = 0.25  # less than this deserves a finer quantiser
BURST_S = 1.0  # of the rate: what may be sent above it, in one key frame for example
STILL_FRAMES = 3
AVERAGED_S = 1.0


@dataclass
class Steadiness:
    """bits_s: the rate to keep to; fps: pictures a second."""

    bits_s: float
    fps: float
    quantiser: int | None = None  # that all pictures get; None: libx264 finds one for each

    _patience_s: float = FIRST_PATIENCE_S
    _pictures: int = 0  # in a row, of one way
    _still: int = 0
    _mean_bytes: float = 0.0
    _mean_quantiser: float = 0.0
    _owed_bytes: float = 0.0

    @property
    def _picture_bytes(self) -> float:
        return self.bits_s / 8 / self.fps

    def note(self, size_bytes: int, *, quantiser: float | None, is_still: bool) -> None:
        """What a picture took.  quantiser: that it got on average, if known.  is_still: it shows
        what the last one showed.  Afterwards `quantiser` is what the next picture should get."""
        self._pictures += 1
        self._still = self._still + 1 if is_still else 0
        weight = max(1 / (AVERAGED_S * self.fps), 1 / self._pictures)
        self._mean_bytes += (size_bytes - self._mean_bytes) * weight
        if self.quantiser is None:
            self._wait_for_motion(quantiser, weight)
        else:
            self._watch(size_bytes)

    def _wait_for_motion(self, quantiser: float | None, weight: float) -> None:
        if quantiser is None or self._still:
            self._restart()
            return
        self._mean_quantiser += (quantiser - self._mean_quantiser) * weight
        if self._pictures < self._patience_s * self.fps:
            return
        if self._mean_bytes < MOVING_RATIO * self._picture_bytes:
            return
        wanted = round(self._mean_quantiser) + COARSER_BY
        self.quantiser = min(max(wanted, FINEST), COARSEST)
        self._restart()

    def _watch(self, size_bytes: int) -> None:
        self._owed_bytes = max(0.0, self._owed_bytes + size_bytes - self._picture_bytes)
        is_over = self._owed_bytes > BURST_S * self.bits_s / 8
        is_calm = (
            self._pictures > AVERAGED_S * self.fps
            and self._mean_bytes < CALM_RATIO * self._picture_bytes
        )
        if is_over:
            self._patience_s = min(self._patience_s * 2, LONGEST_PATIENCE_S)
        elif self._pictures > self._patience_s * 2 * self.fps:
            self._patience_s = FIRST_PATIENCE_S
        if is_over or is_calm or self._still >= STILL_FRAMES:
            self.quantiser = None
            self._restart()

    def _restart(self) -> None:
        self._pictures = self._still = 0
        self._mean_bytes = self._mean_quantiser = self._owed_bytes = 0.0
