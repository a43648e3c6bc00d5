"""How a device comes to trust this server's certificate authority, system by system."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

FILE = "ca.crt"


@dataclass(frozen=True, slots=True)
class System:
    """told_by: parts of the User-Agent header by which it tells itself."""

    name: Any
    told_by: tuple[str, ...]
    steps: Sequence[Any]
    command: str = ""
    is_visitors: bool = False


SYSTEMS = (
    System(
        name="Windows",
        told_by=("Windows",),
        steps=(
            _("Compare: the first command below shows the fingerprint as “Cert Hash(sha256)”."),
            _("Open ca.crt, then choose Install Certificate, Current User, Next."),
            _(
                "Choose “Place all certificates in the following store”, Browse, "
                "“Trusted Root Certification Authorities”, then Next, Finish and Yes."
            ),
        ),
        command=f"certutil -dump {FILE}\ncertutil -user -addstore Root {FILE}",
    ),
    System(
        name="macOS",
        told_by=("Macintosh",),
        steps=(
            _("Open ca.crt; Keychain Access takes it into the keychain “login”."),
            _("Double-click the certificate that begins with “Sluice on”, and compare."),
            _("Under Trust, choose Always Trust, close the window and give your password."),
        ),
        command=f"security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db {FILE}",
    ),
    System(
        name=_("iPhone and iPad"),
        told_by=("iPhone", "iPad"),
        steps=(
            _("Open this page in Safari, download the certificate, and choose Allow."),
            _(
                "In Settings, open Profile Downloaded, choose More Details to compare, then Install."
            ),
            _(
                "In Settings, General, About, Certificate Trust Settings, switch the certificate "
                "that begins with “Sluice on” on."
            ),
        ),
    ),
    System(
        name="Android",
        told_by=("Android",),
        steps=(
            _("In Settings, search for “CA certificate”; it is under Security, Encryption."),
            _("Choose “Install anyway” and the file ca.crt among the downloads."),
            _("Under Trusted credentials, User, compare the fingerprint."),
        ),
    ),
    System(
        name=_("Linux, Chrome and Chromium"),
        told_by=("Linux",),
        steps=(
            _("Open chrome://settings/certificates, and there what you installed yourself."),
            _("Beside Trusted certificates, choose Import and the file ca.crt."),
        ),
        command=f'certutil -d sql:$HOME/.pki/nssdb -A -t "C,," -n Sluice -i {FILE}',
    ),
    System(
        name=_("Firefox, on every system"),
        told_by=("Firefox",),
        steps=(
            _("In Settings, Privacy & Security, Certificates, choose View Certificates."),
            _("Under Authorities, choose Import and the file ca.crt; View shows its fingerprint."),
            _("Tick “Trust this CA to identify websites”."),
        ),
    ),
    System(
        name=_("Programs: curl, Python, manage.py upload"),
        told_by=(),
        steps=(_("Each program is told where the file is; nothing is installed."),),
        command=(
            f"openssl x509 -in {FILE} -noout -fingerprint -sha256\n"
            f"curl --cacert {FILE} https://...\n"
            f"export REQUESTS_CA_BUNDLE=$PWD/{FILE} SSL_CERT_FILE=$PWD/{FILE}"
        ),
    ),
)


def systems_for(user_agent: str) -> list[System]:
    """All of them; the visitor's own is marked, which some tell by several words."""
    order = ("Firefox", "iPhone", "iPad", "Android", "Windows", "Macintosh", "Linux")
    told = next((word for word in order if word in user_agent), "")
    return [replace(each, is_visitors=told in each.told_by) for each in SYSTEMS]
