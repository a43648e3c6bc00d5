from ipaddress import ip_network

import pytest
from cryptography import x509

from apiapp.http.names import Name, name_of


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("localhost", "localhost"),
        ("Desk-7.Example.ORG.", "desk-7.example.org"),
        ("192.168.1.20", "192.168.1.20"),
        ("[::1]", "::1"),
        ("FE80:0::1", "fe80::1"),
        ("my_box", "my_box"),
        ("bücher.local", "xn--bcher-kva.local"),
    ],
)
def test_a_name_is_spelled_as_certificates_have_it(text: str, name: str) -> None:
    assert name_of(text) == Name(name)


@pytest.mark.parametrize(
    "text",
    ["", " ", "*", ".example.org", "*.example.org", "fe80::1%eth0", "a b", "-box", "box-", "a..b",
     "x" * 64, "a." * 127 + "b" * 10, "host:8000", "http://host", "a\nb", "‮", "\0"],
)  # fmt: skip
def test_what_no_certificate_can_be_for_is_left_out(text: str) -> None:
    assert name_of(text) is None


@pytest.mark.parametrize(
    ("name", "tree", "is_within"),
    [
        ("box.local", x509.DNSName("local"), True),
        ("local", x509.DNSName("local"), True),
        ("notlocal", x509.DNSName("local"), False),
        ("local.example.org", x509.DNSName("local"), False),
        ("10.1.2.3", x509.IPAddress(ip_network("10.0.0.0/8")), True),
        ("11.1.2.3", x509.IPAddress(ip_network("10.0.0.0/8")), False),
        ("::1", x509.IPAddress(ip_network("10.0.0.0/8")), False),
        ("10.1.2.3", x509.DNSName("3"), False),
        ("box", x509.IPAddress(ip_network("0.0.0.0/0")), False),
        ("box", x509.RFC822Name("me@box"), False),
    ],
)
def test_a_constraint_lets_through_what_lies_below_it(
    name: str, tree: x509.GeneralName, is_within: bool
) -> None:
    assert Name(name).is_within(tree) is is_within
