"""From the text that names a relay (the setting SCREEN_RELAY_URL) to it."""

from importlib import import_module
from urllib.parse import urlsplit

from streaming.core.errors import ScreenError
from streaming.core.relay.base import Relay

# scheme -> module with an `open_relay(url)`; loaded when it is wanted, as most need none
RELAYS = {
    "unix": "streaming.core.relay.local_socket",
    "redis": "streaming.core.relay.redis",
    "rediss": "streaming.core.relay.redis",
}


class BadRelay(ScreenError):
    """The text that names a relay cannot be understood; the error's text says what can."""


def open_relay(url: str) -> Relay:
    """Nothing is connected before it is used.  Raises BadRelay."""
    module = RELAYS.get(urlsplit(url).scheme)
    if module is None:
        raise BadRelay(
            f"SCREEN_RELAY_URL={url} names no relay. Write unix:/run/sluice/relay.sock for processes "
            "of one machine, or redis://host:6379/0 for those of several."
        )
    relay: Relay = import_module(module).open_relay(url)
    return relay
