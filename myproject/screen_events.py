"""What happens to screens, in the words of webhooks."""

from datetime import datetime

from apiapp.outbox import services as outbox
from streaming import services
from streaming.models import Screen


def tell(what: str, screen: Screen, now: datetime) -> None:
    """settings.SCREEN_TELL: in the transaction in which it happens."""
    outbox.tell(
        f"screen.{what}",
        audience=[screen.owner_id],
        data={"name": screen.name, "title": screen.title, "presenter": screen.presenter},
        now=now,
    )


def look(now: datetime) -> None:
    """Of settings.WEBHOOKS.sources: who went without a word is told of, too."""
    services.end_lost(now=now, tell=tell)
