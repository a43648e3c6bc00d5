"""Async: the server that is published to: its address, the way there, and why it may be closed."""

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidStatus, InvalidURI

from streaming.core.errors import ScreenError

SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
OPEN_S = 10.0
PING_S = 5.0
NOBODY = 4401
# What the server closes with when trying again is of no use.
NOT_AGAIN = {4400, NOBODY, 4403, 4404, 4409, 4410, 4411}

# What is answered instead of a socket.
REFUSALS = {
    403: "{to} does not let this socket in (403): is it a Sluice, and is its address right?",
    404: "There is no Sluice at {to} (404): use the address that the server shows at its start.",
}
KEY_REFUSED = (
    "{to} does not know this key, or the key lacks the scope screens: make one there with "
    "`manage.py create_api_key --user NAME --scopes screens`."
)


class PublishingRefused(ScreenError):
    """Trying again is of no use; the text says what is."""


class NotNow(ScreenError):
    """What is missing may be there again soon."""


@dataclass(frozen=True, slots=True)
class Destination:
    """to: the server's address, as people write it.  authority: a file with the certificates that
    are believed, None: those that this machine believes."""

    to: str
    key: str
    name: str
    authority: Path | None = None

    @property
    def url(self) -> str:
        """Of the socket.  Raises PublishingRefused."""
        parts = urlsplit(self.to if "://" in self.to else f"http://{self.to}")
        if parts.scheme not in SCHEMES or not parts.hostname:
            raise PublishingRefused(f"{self.to!r} is not an address such as http://host:8000")
        path = parts.path.rstrip("/")
        return f"{SCHEMES[parts.scheme]}://{parts.netloc}{path}/ws/screens/{self.name}/publish/"

    @property
    def tls(self) -> ssl.SSLContext | None:
        """Raises PublishingRefused."""
        if not self.url.startswith("wss:"):
            return None
        try:
            return ssl.create_default_context(cafile=self.authority)
        except (OSError, ssl.SSLError) as error:
            raise PublishingRefused(
                f"{self.authority} cannot be read as certificates: {error}"
            ) from error


async def opened(destination: Destination) -> ClientConnection:
    """Raises NotNow and PublishingRefused."""
    to = destination.to
    try:
        return await connect(
            destination.url,
            additional_headers={"Authorization": f"Bearer {destination.key}"},
            ssl=destination.tls,
            compression=None,
            open_timeout=OPEN_S,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            close_timeout=1,
        )
    except ssl.SSLCertVerificationError as error:
        raise PublishingRefused(
            f"The certificate of {to} is not known to this machine ({error.verify_message}). Its page "
            "/https/ has the file of its authority: name it with --ca FILE."
        ) from error
    except InvalidStatus as error:
        raise refusal(to, error.response.status_code) from error
    except InvalidMessage as error:  # also of a server that is just being stopped
        raise NotNow(f"What answers at {to} is no web server: {error}.") from error
    except (InvalidURI, InvalidHandshake) as error:
        raise PublishingRefused(f"What answers at {to} is no Sluice: {error}.") from error
    except (OSError, TimeoutError) as error:
        raise NotNow(f"Nothing answers at {to}: {why_away(error)}.") from error


def refusal(to: str, status: int) -> ScreenError:
    if status >= 500:
        return NotNow(f"{to} cannot answer at the moment ({status}).")
    return PublishingRefused(
        REFUSALS.get(status, "{to} answers with {status}.").format(to=to, status=status)
    )


def why_away(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "no machine of this name is known"
    if isinstance(error, ConnectionRefusedError):
        return "is it running, and for the network (LAN=1)"
    return str(error) or "it takes too long"


def why_closed(destination: Destination, *, code: int | None, said: str) -> ScreenError:
    """The error that the end of a connection is.  said: what the server told before."""
    if code == NOBODY:
        return PublishingRefused(KEY_REFUSED.format(to=destination.to))
    if code in NOT_AGAIN:
        return PublishingRefused(f"{destination.to} says: {said or code}")
    return NotNow(f"The connection to {destination.to} was lost.")
