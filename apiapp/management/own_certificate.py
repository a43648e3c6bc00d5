"""The certificate of this very server, as settings and this machine make it."""

import socket

from django.conf import settings
from django.utils import timezone

from apiapp.http.certificates import PUBLIC_FILE, Issued, ensure_certificate
from apiapp.management.addresses import names_of_machine

AUTHORITY = settings.SLUICE_HOME / PUBLIC_FILE


def ensure_own_certificate(names: list[str]) -> Issued:
    """For `names`, which are as in ALLOWED_HOSTS, and for what this machine is called.

    Raises OSError when it cannot be kept.
    """
    return ensure_certificate(
        secrets=settings.SLUICE_HOME / "secrets" / "https",
        public=settings.SLUICE_HOME,
        names=[*names, *names_of_machine()],
        machine=socket.gethostname(),
        now=timezone.now(),
    )
