"""A certificate authority of this server's own, and the certificates it gives to this server.

Plain Python, blocking.  The authority is made once and kept, as people tell their devices to trust
it; the server's certificate is made anew whenever its names change or its end comes near.  So that
a stolen key harms nobody elsewhere, the authority is bound to names of local networks and to those
of this machine when it was made (RFC 5280, section 4.2.1.10).
"""

import hashlib
import os
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from apiapp.http.names import Name, name_of

AUTHORITY_FILE, SERVER_FILE, PUBLIC_FILE = "authority.pem", "server.pem", "ca.crt"
AUTHORITY_LASTS = timedelta(days=3650)
SERVER_LASTS = timedelta(days=397)  # the longest that Apple's systems accept is 398
RENEWED_BEFORE_END = timedelta(days=30)
CLOCKS_DIFFER = timedelta(hours=24)  # a phone whose clock is behind must not refuse us
ALWAYS_NAMED = ("localhost", "127.0.0.1", "::1")
LOCAL_DOMAINS = ("localhost", "local", "lan", "home", "home.arpa", "internal", "test")
LOCAL_NETWORKS = (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16",
    "100.64.0.0/10", "::1/128", "fc00::/7", "fe80::/10",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Issued:
    """What a server needs to speak TLS, and people to trust it.

    chain: a file with key and certificates.  authority: the file that others may have.
    left_out: names that the authority may not speak for.
    """

    chain: Path
    authority: Path
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """A private key and the certificate of its public one."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """None: there is none, or none that can be read."""
        try:
            pem = path.read_bytes()
            key = serialization.load_pem_private_key(pem, password=None)
            certificate = x509.load_pem_x509_certificates(pem)[0]
        except (FileNotFoundError, ValueError, TypeError, IndexError):
            return None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            return None
        return cls(key, certificate) if key.public_key() == certificate.public_key() else None

    def write(self, path: Path, *above: x509.Certificate) -> None:
        """In one step, and readable by its owner alone."""
        pem = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        for certificate in (self.certificate, *above):
            pem += certificate.public_bytes(serialization.Encoding.PEM)
        write_at_once(path, pem, mode=0o600)


def ensure_certificate(
    *, secrets: Path, public: Path, names: Iterable[str], machine: str, now: datetime
) -> Issued:
    """Certificates for `names` that are valid now and for a while; kept ones where possible.

    secrets: a folder for what nobody else may read.  public: a folder for the authority's
    certificate.  machine: what the authority is called after.
    """
    wanted = sorted({name for name in map(name_of, [*ALWAYS_NAMED, *names]) if name})
    secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority = Pair.read(secrets / AUTHORITY_FILE)
    if authority is None or ends_soon(authority.certificate, now):
        authority = new_authority(wanted, machine=machine, now=now)
        authority.write(secrets / AUTHORITY_FILE)
    allowed = [name for name in wanted if may_speak_for(authority.certificate, name)]
    kept = Pair.read(secrets / SERVER_FILE)
    if kept is None or not is_good(kept.certificate, authority.certificate, allowed, now):
        new_server(allowed, authority, now=now).write(secrets / SERVER_FILE, authority.certificate)
    pem = authority.certificate.public_bytes(serialization.Encoding.PEM)
    write_at_once(public / PUBLIC_FILE, pem, mode=0o644)
    return Issued(
        chain=secrets / SERVER_FILE,
        authority=public / PUBLIC_FILE,
        left_out=tuple(str(name) for name in wanted if name not in allowed),
    )


def new_authority(names: Sequence[Name], *, machine: str, now: datetime) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    called = f"Sluice on {machine}, {now:%Y-%m-%d}"[:64]  # X.520's bound of a common name
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)])
    constraints = x509.NameConstraints(permitted_subtrees=permitted(names), excluded_subtrees=None)
    builder = (
        begun(subject, key, now=now, lasts=AUTHORITY_LASTS)
        .issuer_name(subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage(signs_certificates=True), critical=True)
        .add_extension(constraints, critical=True)
    )
    return Pair(key, builder.sign(key, hashes.SHA256()))


def new_server(names: Sequence[Name], authority: Pair, *, now: datetime) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sluice")])
    issuer = authority.certificate
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    for_servers = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    builder = (
        begun(subject, key, now=now, lasts=SERVER_LASTS)
        .issuer_name(issuer.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(signs_certificates=False), critical=True)
        .add_extension(for_servers, critical=False)
        .add_extension(x509.SubjectAlternativeName([n.general for n in names]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
    )
    return Pair(key, builder.sign(authority.key, hashes.SHA256()))


def begun(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, now: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    """What both kinds of certificate have.  They last from a little before `now`."""
    since = now - CLOCKS_DIFFER
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + lasts - timedelta(seconds=1))  # the last second counts as well
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def permitted(names: Sequence[Name]) -> list[x509.GeneralName]:
    """Local domains and networks, and what this machine has beyond them."""
    local: list[x509.GeneralName] = [
        *(x509.DNSName(domain) for domain in LOCAL_DOMAINS),
        *(x509.IPAddress(ip_network(network)) for network in LOCAL_NETWORKS),
    ]
    return local + [name.alone for name in names if not any(map(name.is_within, local))]


def may_speak_for(authority: x509.Certificate, name: Name) -> bool:
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    return any(name.is_within(tree) for tree in constraints.permitted_subtrees or ())


def is_good(
    certificate: x509.Certificate, authority: x509.Certificate, names: Sequence[Name], now: datetime
) -> bool:
    """Whether it may go on to be used for exactly these names."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(held) == {n.general for n in names} and not ends_soon(certificate, now)


def ends_soon(certificate: x509.Certificate, now: datetime) -> bool:
    """Or has not begun: the clock was wrong when it was made."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return not begins <= now < ends - RENEWED_BEFORE_END


def write_at_once(path: Path, content: bytes, *, mode: int) -> None:
    """Nobody ever sees half of it, nor any of it that `mode` keeps from them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    beside.replace(path)


def fingerprint_of(authority: Path) -> str:
    """SHA-256 of a certificate as systems show it: AB:CD:...  Raises OSError, ValueError."""
    der = ssl.PEM_cert_to_DER_cert(authority.read_text(encoding="ascii"))
    return hashlib.sha256(der).digest().hex(":").upper()
