import json
import secrets
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from apiapp.outbound import configured
from apiapp.outbound.models import Connection
from apiapp.payments import charging, services
from apiapp.payments.sandbox.gateway import Gateway
from apiapp.payments.sandbox.server import SandboxServer
from apiapp.payments.sandbox.store import Store
from apiapp.signing import new_secret, signed_headers

API_KEY = "the key of the sandbox"
CALLBACK = "/api/payments/callback/"


class Sandbox:
    """The gateway over HTTP, in a thread; what it would tell is sent by the test."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server
        self.gateway = server.gateway

    @property
    def charges(self) -> list[dict[str, Any]]:
        return self.gateway.store.charges()

    def behave(self, **wanted: Any) -> None:
        self.gateway.behaviour.change(wanted)

    def click(self, reference: Any, what: str = "pay") -> dict[str, Any]:
        return self.gateway.click(str(reference), what)

    def signed(self, charge: Any, *, now: datetime | None = None, message: str = "") -> Any:
        """(body, headers) of a callback about the charge."""
        body = json.dumps({"type": "charge.changed", "data": charge}).encode()
        headers = signed_headers(
            message_id=message or secrets.token_hex(8),
            content=body,
            secrets_=[self.gateway.signing_secret],
            now=now or timezone.now(),
        )
        return body, headers

    def tells(self, client: Any, charge: Any, **more: Any) -> Any:
        body, headers = self.signed(charge, **more)
        return client.post(CALLBACK, body, content_type="application/json", headers=headers)


@pytest.fixture
def sandbox(db: None, tmp_path: Path) -> Iterator[Sandbox]:
    store = Store(tmp_path / "sandbox.sqlite3")
    gateway = Gateway(store, "", new_secret(), callback_url="")
    with SandboxServer(("127.0.0.1", 0), gateway, API_KEY) as server:
        gateway.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        services.set_up_sandbox(
            base_url=gateway.url,
            api_key=API_KEY,
            signing_secret=gateway.signing_secret,
            sealer=configured.sealer(),
        )
        Connection.objects.update(attempts=1)  # a test waits for nobody's second try
        yield Sandbox(server)
        configured.client().connections.close()
        server.shutdown()
        thread.join()
    store.close()


@pytest.fixture
def alice(api: Any, user: User) -> Any:
    return api(user)


def reconciled() -> int:
    """As the periodic job does it, for whatever is due now."""
    return charging.reconcile(means=configured.means(), longest_s=30.0, check=lambda: None)
