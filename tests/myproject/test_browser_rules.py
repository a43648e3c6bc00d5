from csp.utils import build_policy

from myproject.browser_rules import DIRECTIVES, content_security_policy


def test_by_default_everything_is_from_here():
    assert content_security_policy("") == {"DIRECTIVES": DIRECTIVES}


def test_an_operator_may_allow_more():
    policy = content_security_policy(
        "frame-ancestors https://a.example; img-src https://b.example c.example;connect-src 'self'"
    )

    written = build_policy(config=policy["DIRECTIVES"])
    assert "frame-ancestors https://a.example;" in f"{written};"
    assert "img-src 'self' data: blob: https://b.example c.example" in written
    assert "connect-src 'self'" in written
    assert DIRECTIVES["frame-ancestors"] == ["'none'"]
