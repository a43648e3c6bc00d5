"""Certificates as a strict reader sees them: Python's ssl with everything checked."""

import hashlib
import socket
import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from apiapp.http import certificates
from apiapp.http.certificates import Issued, Pair, ensure_certificate, fingerprint_of
from apiapp.http.names import Name

NOW = datetime.now(UTC)


def issue(home: Path, *names: str, now: datetime = NOW) -> Issued:
    return ensure_certificate(
        secrets=home / "secrets", public=home, names=names, machine="desk", now=now
    )


def certificates_in(path: Path) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(path.read_bytes())


def shake_hands(chain: Path, authority: Path, name: str) -> None:
    """A TLS handshake in which the client asks for `name`.  Raises ssl.SSLError."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(chain)
    asking = ssl.create_default_context(cafile=authority)
    asking.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    ours, theirs = socket.socketpair()

    def answer() -> None:
        try:
            serving.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        with asking.wrap_socket(ours, server_hostname=name):
            pass
    finally:
        ours.close()
        thread.join()


@pytest.mark.parametrize(
    "name",
    ["localhost", "127.0.0.1", "::1", "desk", "desk.local", "192.168.1.20", "203.0.113.9",
     "sluice.example.org", "fd00::7"],
)  # fmt: skip
def test_a_strict_client_accepts_every_name_it_is_for(tmp_path: Path, name: str) -> None:
    issued = issue(tmp_path, name)

    shake_hands(issued.chain, issued.authority, name)

    assert issued.left_out == ()


@pytest.mark.parametrize("name", ["other.local", "192.168.1.21", "example.org", "127.0.0.2"])
def test_any_other_name_is_refused(tmp_path: Path, name: str) -> None:
    issued = issue(tmp_path, "desk", "192.168.1.20")

    with pytest.raises(ssl.SSLCertVerificationError, match="doesn't match|not valid for"):
        shake_hands(issued.chain, issued.authority, name)


def test_another_servers_authority_is_not_trusted(tmp_path: Path) -> None:
    mine, theirs = issue(tmp_path / "mine"), issue(tmp_path / "theirs")

    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(mine.chain, theirs.authority, "localhost")


def test_a_stolen_key_cannot_vouch_for_the_world(tmp_path: Path) -> None:
    issued = issue(tmp_path, "desk")
    authority = Pair.read(tmp_path / "secrets" / "authority.pem")
    assert authority
    bank = certificates.new_server([Name("bank.example")], authority, now=NOW)
    bank.write(tmp_path / "bank.pem", authority.certificate)

    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shake_hands(tmp_path / "bank.pem", issued.authority, "bank.example")


def test_it_cannot_make_authorities_either(tmp_path: Path) -> None:
    issue(tmp_path)

    (authority,) = certificates_in(tmp_path / "ca.crt")
    bounds = authority.extensions.get_extension_for_class(x509.BasicConstraints)

    assert bounds.critical
    assert bounds.value.path_length == 0


def test_a_name_that_comes_later_is_left_out_unless_it_is_local(tmp_path: Path) -> None:
    issue(tmp_path, "desk")

    issued = issue(tmp_path, "desk", "10.9.8.7", "new.local", "sluice.example.org", "203.0.113.9")

    assert issued.left_out == ("203.0.113.9", "sluice.example.org")
    for name in ("localhost", "desk", "10.9.8.7", "new.local"):
        shake_hands(issued.chain, issued.authority, name)


def test_patterns_of_names_are_no_names(tmp_path: Path) -> None:
    issued = issue(tmp_path, "*", ".example.org", "desk", "fe80::1%eth0")

    shake_hands(issued.chain, issued.authority, "desk")
    assert issued.left_out == ()


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    issue(tmp_path, "desk", "10.0.0.1")
    before = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    issue(tmp_path, "10.0.0.1", "DESK", now=NOW + timedelta(days=200))

    after = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before
    assert set(after) == {"authority.pem", "server.pem", "ca.crt"}


def test_another_address_makes_another_certificate_by_the_same_authority(tmp_path: Path) -> None:
    first = issue(tmp_path, "10.0.0.1")
    authority, chain = first.authority.read_bytes(), first.chain.read_bytes()

    second = issue(tmp_path, "10.0.0.2")

    assert second.authority.read_bytes() == authority
    assert second.chain.read_bytes() != chain
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(second.chain, second.authority, "10.0.0.1")


@pytest.mark.parametrize("days", [-3, 366, 396, 400, 3000])
def test_a_certificate_that_ends_soon_or_has_not_begun_is_made_anew(
    tmp_path: Path, days: int
) -> None:
    first = issue(tmp_path, "desk", now=NOW - timedelta(days=days))
    old = certificates_in(first.chain)[0].serial_number
    authority = first.authority.read_bytes()

    issued = issue(tmp_path, "desk", now=NOW)

    assert certificates_in(issued.chain)[0].serial_number != old
    assert (issued.authority.read_bytes() == authority) is (days > 0)
    shake_hands(issued.chain, issued.authority, "desk")


def test_an_authority_that_ends_is_made_anew(tmp_path: Path) -> None:
    before = issue(tmp_path, now=NOW - timedelta(days=3640)).authority.read_bytes()

    issued = issue(tmp_path, now=NOW)

    assert issued.authority.read_bytes() != before
    shake_hands(issued.chain, issued.authority, "localhost")


def test_it_lasts_no_longer_than_systems_accept(tmp_path: Path) -> None:
    server, authority = certificates_in(issue(tmp_path).chain)

    lasts = server.not_valid_after_utc - server.not_valid_before_utc
    assert timedelta(days=396) < lasts < timedelta(days=397)
    assert server.not_valid_before_utc < NOW - timedelta(hours=20)
    lasts = authority.not_valid_after_utc - authority.not_valid_before_utc
    assert timedelta(days=3649) < lasts < timedelta(days=3651)


def test_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    issue(tmp_path)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes["secrets"] == 0o700
    assert modes["authority.pem"] == modes["server.pem"] == 0o600
    assert modes["ca.crt"] == 0o644
    assert b"PRIVATE" not in (tmp_path / "ca.crt").read_bytes()


@pytest.mark.parametrize("file", ["server.pem", "authority.pem"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda pem: b"",
        lambda pem: b"\0" * 100,
        lambda pem: pem[: len(pem) // 2],
        lambda pem: pem.split(b"-----BEGIN CERTIFICATE")[0],
        lambda pem: pem[pem.index(b"-----BEGIN CERTIFICATE") :],
    ],
    ids=["empty", "zeros", "half", "key alone", "no key"],
)
def test_files_that_were_spoiled_are_made_anew(tmp_path: Path, file: str, spoil) -> None:
    issue(tmp_path, "desk")
    path = tmp_path / "secrets" / file
    path.write_bytes(spoil(path.read_bytes()))

    issued = issue(tmp_path, "desk")

    shake_hands(issued.chain, issued.authority, "desk")


def test_a_certificate_of_an_authority_that_is_gone_is_made_anew(tmp_path: Path) -> None:
    issue(tmp_path)
    (tmp_path / "secrets" / "authority.pem").unlink()

    issued = issue(tmp_path)

    shake_hands(issued.chain, issued.authority, "localhost")


def test_the_key_of_another_certificate_is_noticed(tmp_path: Path) -> None:
    issue(tmp_path / "a"), issue(tmp_path / "b")
    key, _, _ = (tmp_path / "a/secrets/server.pem").read_bytes().partition(b"-----BEGIN CERT")
    _, _, rest = (tmp_path / "b/secrets/server.pem").read_bytes().partition(b"-----BEGIN CERT")
    (tmp_path / "b/secrets/server.pem").write_bytes(key + b"-----BEGIN CERT" + rest)

    issued = issue(tmp_path / "b")

    shake_hands(issued.chain, issued.authority, "localhost")


def test_the_fingerprint_is_that_of_the_der_form(tmp_path: Path) -> None:
    issue(tmp_path)

    (authority,) = certificates_in(tmp_path / "ca.crt")
    expected = authority.fingerprint(certificates.hashes.SHA256()).hex(":").upper()

    assert fingerprint_of(tmp_path / "ca.crt") == expected
    assert len(expected) == hashlib.sha256().digest_size * 3 - 1


def test_a_machine_with_a_long_name_has_an_authority_too(tmp_path: Path) -> None:
    issued = ensure_certificate(
        secrets=tmp_path, public=tmp_path, names=[], machine="x" * 300, now=NOW
    )

    shake_hands(issued.chain, issued.authority, "localhost")
