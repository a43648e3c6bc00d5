"""Which addresses the guard lets be reached, in whatever words they are said."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiapp.outbound.client.addresses import reason_against
from apiapp.outbound.client.guard import Policy, addresses_of, target_of
from apiapp.outbound.errors import TargetRefused

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "198.18.0.1",
    "::1",
    "fc00::1",
    "fdff::1",
]
NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "169.254.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "192.0.2.1",
    "::",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "2001:db8::1",
    "2001::1",
    "2002:808:808::1",
    "64:ff9b:2::1",  # in no list, and handed out to nobody
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111"]

inner = st.sampled_from([IPv4Address(a) for a in (*PRIVATE, *NEVER) if ":" not in a])
outer = st.sampled_from([IPv4Address(a) for a in PUBLIC if ":" not in a])


def wrapped(address: IPv4Address) -> dict[str, IPv6Address]:
    four = int(address)
    return {
        "mapped": IPv6Address(0xFFFF << 32 | four),
        "translated": IPv6Address(0xFFFF << 48 | four),
        "NAT64": IPv6Address(0x64FF9B << 96 | four),
        "NAT64, own": IPv6Address(0x64FF9B0001 << 80 | four),
        "6to4": IPv6Address(0x2002 << 112 | four << 80 | 1),
        "Teredo, server": IPv6Address(0x20010000 << 96 | four << 64 | (0xFFFFFFFF ^ 0x08080808)),
        "Teredo, client": IPv6Address(0x20010000 << 96 | 0x08080808 << 64 | (0xFFFFFFFF ^ four)),
        "ISATAP": IPv6Address(0x2606 << 112 | 0x5EFE << 32 | four),
    }


@pytest.mark.parametrize("text", [*PRIVATE, *NEVER])
def test_what_is_not_public_is_refused(text: str):
    assert reason_against(ip_address(text), allow_private=False)


@pytest.mark.parametrize("text", PUBLIC)
def test_what_is_public_is_not(text: str):
    assert reason_against(ip_address(text), allow_private=False) == ""


@pytest.mark.parametrize("text", PRIVATE)
def test_a_connection_may_allow_private_networks(text: str):
    assert reason_against(ip_address(text), allow_private=True) == ""


@pytest.mark.parametrize("text", NEVER)
def test_nothing_allows_metadata_and_what_nobody_answers_at(text: str):
    assert reason_against(ip_address(text), allow_private=True)


@given(inner)
def test_an_address_is_what_it_is_in_any_ipv6_disguise(address: IPv4Address):
    for disguise, found in wrapped(address).items():
        assert reason_against(found, allow_private=False), disguise


@given(outer)
def test_a_disguise_alone_is_no_reason(address: IPv4Address):
    for disguise, found in wrapped(address).items():
        is_tunnel = disguise.startswith(("6to4", "Teredo"))
        assert bool(reason_against(found, allow_private=False)) == is_tunnel, disguise


@given(st.ip_addresses(v=4))
def test_the_standard_library_knows_of_no_more_that_is_private(address: IPv4Address):
    if not address.is_global or address.is_multicast:
        assert reason_against(address, allow_private=False)


def spellings(four: int) -> list[str]:
    """As inet_aton(3) takes it."""
    a, b, c, d = four.to_bytes(4, "big")
    return [
        str(four),
        hex(four),
        f"0{four:o}",
        f"{a}.{four & 0xFFFFFF}",
        f"{a}.{b}.{c << 8 | d}",
        f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"00{a}.{b}.{c}.{d}",
        f"{a}.{b}.{c}.0x{d:x}",
        f"{hex(four)}.",
        "".join(chr(0xFEE0 + ord(each)) for each in f"{a}.{b}.{c}.{d}"),  # full width
    ]


def no_resolver(name: str, port: int) -> list[str]:
    raise AssertionError(f"{name} was resolved")


@given(inner)
def test_no_spelling_of_an_address_leads_to_it(address: IPv4Address):
    for spelling in spellings(int(address)):
        with pytest.raises(TargetRefused):
            addresses_of(target_of(f"http://{spelling}/"), Policy(), no_resolver)


@given(st.ip_addresses(v=4))
def test_what_the_system_would_take_for_an_address_is_never_asked_for(address: IPv4Address):
    for spelling in spellings(int(address))[:-1]:
        try:
            host = target_of(f"http://{spelling}/").host
        except TargetRefused:
            continue
        assert socket.inet_aton(host) == ip_address(host).packed


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_is_judged_as_it_is_written_in_a_url(address: IPv6Address):
    target = target_of(f"http://[{address}]/")

    assert ip_address(target.host) == address
    if not address.is_global:
        with pytest.raises(TargetRefused):
            addresses_of(target, Policy(), no_resolver)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "//example.org/",
        "example.org",
        "http://",
        "http:///x",
        "http://user:word@example.org/",
        "http://example.org@127.0.0.1/",
        "http://example.org\\@127.0.0.1/",
        "http://example.org/\r\nHost: x",
        "http://example.org/ x",
        "http://exa mple.org/",
        "http://[fe80::1%25eth0]/",
        "http://[::1/",
        "http://example.org:99999/",
        "http://exämple..org/",
        "http://a.org%00.b.org/",
        "http://-/",
        "http://" + "a" * 9000,
    ],
)
def test_what_is_no_plain_url_is_refused(url: str):
    with pytest.raises(TargetRefused):
        target_of(url)


@pytest.mark.parametrize("port", [0, 21, 22, 25, 110, 143, 445, 3306, 5432, 6379, 6667, 11211])
def test_ports_of_other_protocols_are_refused(port: int):
    with pytest.raises(TargetRefused):
        addresses_of(target_of(f"http://example.org:{port}/"), Policy(), no_resolver)


def test_a_connection_may_allow_a_port():
    policy = Policy(ports=frozenset([25]))

    assert addresses_of(target_of("http://1.1.1.1:25/"), policy, no_resolver) == ["1.1.1.1"]


def test_one_bad_address_among_good_ones_spoils_them():
    with pytest.raises(TargetRefused):
        addresses_of(
            target_of("http://example.org/"), Policy(), lambda _n, _p: ["1.1.1.1", "10.0.0.1"]
        )


def test_a_name_in_any_script_is_written_in_ascii():
    assert target_of("https://Bücher.example/ü?q=ü#x").url == (
        "https://xn--bcher-kva.example/%C3%BC?q=%C3%BC"
    )
