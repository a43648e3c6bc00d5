import socket

import pytest

from apiapp.http.names import name_of
from apiapp.management.addresses import (
    EVERY_ADDRESS,
    addresses_of,
    addresses_of_interfaces,
    names_of_machine,
    url,
)


def test_on_this_machine_alone_there_is_one_name() -> None:
    assert addresses_of("127.0.0.1") == ["localhost"]
    assert addresses_of("192.0.2.7") == ["192.0.2.7"]


def test_on_every_address_there_are_all_of_them_and_the_name() -> None:
    found = addresses_of(EVERY_ADDRESS)

    assert found[0] == "localhost"
    assert found[-1] == socket.gethostname()
    assert len(found) == len(set(found))
    assert not [each for each in found if each.startswith("127.")]


def test_interfaces_are_asked_for_their_addresses() -> None:
    found = addresses_of_interfaces()

    assert all(socket.inet_aton(each) for each in found)
    if "lo" in [name for _, name in socket.if_nameindex()]:
        assert "127.0.0.1" in found


def test_the_machine_is_found_by_multicast_dns_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "desk.example.org")

    assert names_of_machine() == ["desk.example.org", "desk.local"]
    assert all(name_of(each) for each in names_of_machine())


@pytest.mark.parametrize(
    ("address", "scheme", "expected"),
    [
        ("::1", "http", "http://[::1]:8000/"),
        ("desk", "https", "https://desk:8000/"),
    ],
)
def test_an_address_is_written_as_a_url(address: str, scheme: str, expected: str) -> None:
    assert url(address, 8000, scheme=scheme) == expected
