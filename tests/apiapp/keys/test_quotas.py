import pytest

from apiapp.keys.quotas import Quota, Usage, headers_for, quotas_of, wait_s

HOUR = Quota("writes-hour", 50, 3600)


def test_quotas_are_written_as_a_count_and_a_unit():
    assert quotas_of("writes", "50/h, 200/d") == (HOUR, Quota("writes-day", 200, 86400))


@pytest.mark.parametrize("text", ["", "50", "50/w", "h/50", "-1/h", "50/h;200/d"])
def test_anything_else_is_refused_when_the_server_starts(text: str):
    with pytest.raises(ValueError, match="no quota"):
        quotas_of("writes", text)


def test_the_headers_say_what_is_left_and_until_when():
    usages = [Usage(HOUR, used=20, reset_s=600), Usage(Quota("writes-day", 200, 86400), 201, 9)]

    assert headers_for(usages) == {
        "RateLimit-Policy": '"writes-hour";q=50;w=3600, "writes-day";q=200;w=86400',
        "RateLimit": '"writes-hour";r=30;t=600, "writes-day";r=0;t=9',
    }
    assert wait_s(usages) == 9
    assert wait_s(usages[:1]) is None
