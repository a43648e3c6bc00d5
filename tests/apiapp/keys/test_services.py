from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from apiapp.keys import scopes, services
from apiapp.keys.callers import Caller
from apiapp.keys.errors import BadCredentials, LinkNotValid, UnknownScope
from apiapp.keys.models import ApiKey, LoginLink

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECRET = "a server's secret"


def make_key(owner: User, **options: Any) -> tuple[ApiKey, str]:
    options = {"key_scopes": [scopes.UPLOADS]} | options
    return services.create_api_key(owner=owner, name="test", server_secret=SECRET, **options)


def call(raw: str, *, now: datetime = NOW) -> Caller:
    return services.caller_for_key(raw=raw, server_secret=SECRET, now=now, cache_s=30.0)


def test_a_key_opens_with_its_scopes_and_is_stored_only_as_an_hmac(user: User):
    row, raw = make_key(user)

    caller = call(raw)

    assert caller.user == user
    assert caller.scopes == {scopes.UPLOADS}
    secret = raw.partition(".")[2]
    assert secret not in str(ApiKey.objects.filter(pk=row.pk).values().get())


@pytest.mark.parametrize("change", ["", "x", ".", "secret", "prefix", "empty secret", "no dot"])
def test_what_is_not_the_key_opens_nothing(user: User, change: str):
    _, raw = make_key(user)
    prefix, _, secret = raw.partition(".")
    shown = {
        "": "",
        "x": raw + "x",
        ".": ".",
        "secret": f"{prefix}.{secret[::-1]}",
        "prefix": f"{prefix[::-1]}.{secret}",
        "empty secret": f"{prefix}.",
        "no dot": prefix + secret,
    }[change]

    with pytest.raises(BadCredentials):
        call(shown)


def test_a_revoked_key_opens_nothing_at_once_though_it_was_just_used(user: User):
    row, raw = make_key(user)
    call(raw)

    services.revoke(key=row, now=NOW)

    with pytest.raises(BadCredentials):
        call(raw)


def test_a_key_revoked_while_it_is_looked_up_is_not_remembered(user: User):
    row, _raw = make_key(user)
    generation = services.key_cache.generation()
    looked_up = ApiKey.objects.select_related("owner").get(pk=row.pk)

    services.revoke(key=row, now=NOW)
    services.key_cache.put(looked_up, until=NOW + timedelta(seconds=30), generation=generation)

    assert services.key_cache.get(row.prefix, now=NOW) is None


def test_a_key_known_to_another_process_is_looked_up_again_after_30_s(user: User):
    row, raw = make_key(user)
    call(raw)

    ApiKey.objects.filter(pk=row.pk).update(revoked_at=NOW)  # as another process would

    with pytest.raises(BadCredentials):
        call(raw, now=NOW + timedelta(seconds=30))


def test_a_remembered_key_costs_no_query(user: User, django_assert_num_queries: Any):
    _, raw = make_key(user)
    call(raw)

    with django_assert_num_queries(0):
        call(raw)


def test_an_expired_key_opens_nothing_even_when_remembered(user: User):
    _, raw = make_key(user, expires_at=NOW + timedelta(seconds=10))
    call(raw)

    with pytest.raises(BadCredentials):
        call(raw, now=NOW + timedelta(seconds=10))


def test_the_key_of_a_disabled_user_opens_nothing_once_forgotten(user: User):
    _, raw = make_key(user)
    call(raw)

    user.is_active = False
    user.save()
    services.forget_user(user)

    with pytest.raises(BadCredentials):
        call(raw)


def test_last_use_is_noted_but_not_more_than_once_a_minute(user: User):
    row, raw = make_key(user)

    call(raw)
    services.key_cache.clear()
    call(raw, now=NOW + timedelta(seconds=59))
    after_59_s = ApiKey.objects.get(pk=row.pk).last_used_at
    services.key_cache.clear()
    call(raw, now=NOW + timedelta(seconds=61))

    assert after_59_s == NOW
    assert ApiKey.objects.get(pk=row.pk).last_used_at == NOW + timedelta(seconds=61)


def test_a_scope_that_does_not_exist_is_refused_by_name(user: User):
    with pytest.raises(UnknownScope, match="everything"):
        make_key(user, key_scopes=["everything"])


def test_staff_see_all_through_a_key_only_with_the_scope_admin(staff: User):
    _, narrow = make_key(staff)
    _, wide = make_key(staff, key_scopes=[scopes.ADMIN])

    assert not call(narrow).sees_all
    assert call(wide).sees_all


def test_the_scope_admin_gives_an_ordinary_user_nothing(user: User):
    _, raw = make_key(user, key_scopes=scopes.ALL_SCOPES)

    assert not call(raw).sees_all


def make_link(user: User) -> str:
    return services.create_login_link(user=user, server_secret=SECRET, now=NOW, expires_s=60)


def redeem(token: str, *, now: datetime = NOW) -> User:
    return services.redeem_login_link(token=token, server_secret=SECRET, now=now)


def test_a_login_link_signs_in_its_first_visitor_alone(user: User):
    token = make_link(user)

    assert redeem(token) == user
    with pytest.raises(LinkNotValid):
        redeem(token)
    assert token not in str(LoginLink.objects.values().get())


def test_a_login_link_expires(user: User):
    token = make_link(user)

    with pytest.raises(LinkNotValid):
        redeem(token, now=NOW + timedelta(seconds=60))


def test_a_login_link_of_a_disabled_user_signs_nobody_in(user: User):
    token = make_link(user)
    User.objects.update(is_active=False)

    with pytest.raises(LinkNotValid):
        redeem(token)


def test_the_first_administrator_is_made_once():
    assert services.ensure_admin() == services.ensure_admin()
    assert User.objects.filter(is_superuser=True).count() == 1
