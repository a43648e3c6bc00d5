"""What can go wrong with background work."""


class JobsError(Exception):
    """Base of this feature's errors."""


class UnknownJob(JobsError):
    """No such job, or it is another user's."""

    def __init__(self) -> None:
        super().__init__("there is no such job")


class JobHasEnded(JobsError):
    """A job that has ended cannot be cancelled."""

    def __init__(self, *, state: str) -> None:
        super().__init__(f"the job has ended already: {state}")
        self.state = state


class JobNotRetryable(JobsError):
    """Only a failed or cancelled job can be retried."""

    def __init__(self, *, state: str) -> None:
        super().__init__(f"only a failed or cancelled job can be retried; this one is {state}")
        self.state = state


class TooManyFollowed(JobsError):
    """A client wants to follow more jobs than one may."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"at most {limit} jobs can be followed")
        self.limit = limit


class JobCancelled(JobsError):
    """Raised inside a running task when its cancellation was asked for."""


class LeaseLost(JobsError):
    """Raised inside a running task when another run has taken the job over."""


class RunInterrupted(JobsError):
    """Raised inside a running task when its worker is to stop; the job goes back to the queue."""


class BrokerUnavailable(JobsError):
    """The broker did not take a message."""
