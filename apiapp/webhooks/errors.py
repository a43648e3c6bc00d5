"""What can go wrong with webhooks, in both directions."""


class WebhookError(Exception):
    """Base of this feature's errors."""


class UnknownSubscription(WebhookError):
    """No such subscription, or it is another user's."""

    def __init__(self) -> None:
        super().__init__("there is no such subscription")


class UnknownDelivery(WebhookError):
    """No such delivery, or it is another user's."""

    def __init__(self) -> None:
        super().__init__("there is no such delivery")


class UnknownSource(WebhookError):
    """Nothing comes in by this name, or it is another user's."""

    def __init__(self) -> None:
        super().__init__("there is no such source of webhooks")


class SubscriptionPaused(WebhookError):
    """Nothing is sent there until it is resumed."""

    def __init__(self) -> None:
        super().__init__("the subscription is paused: resume it first")


class TooManySubscriptions(WebhookError):
    """One user has as many as one may have."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"there are {limit} subscriptions already, which is all one user may have")
        self.limit = limit


class SourceTaken(WebhookError):
    """Two sources cannot have the same name."""

    def __init__(self, *, name: str) -> None:
        super().__init__(f"there is a source called {name!r} already")


class NotVerified(WebhookError):
    """What came in is not signed as it has to be, or is too old, or too new."""
