from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from apiapp.keys import scopes, services
from apiapp.keys.callers import Caller
from apiapp.keys.errors import BadCredentials, LinkNotValid, UnknownScope
from apiapp.keys.known import KeyForm, KnownKey, known, known_keys
from apiapp.keys.models import ApiKey, LoginLink

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECRET = "a server's secret"


def make_key(owner: User, **options: Any) -> tuple[ApiKey, str]:
    options = {"key_scopes": [scopes.UPLOADS]} | options
    return services.create_api_key(owner=owner, name="test", server_secret=SECRET, **options)


def call(raw: str, *, now: datetime = NOW) -> Caller:
    return services.caller_for_key(raw=raw, server_secret=SECRET, now=now)


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
    row, raw = make_key(user)
    revoked = ApiKey.objects.select_related("owner").get(pk=row.pk)

    def look_up() -> KnownKey:
        services.revoke(key=row, now=NOW)
        return known(revoked)

    known_keys().get(row.prefix, look_up, now_s=NOW.timestamp())

    with pytest.raises(BadCredentials):
        call(raw)


def test_a_key_revoked_behind_the_servers_back_is_looked_up_again_after_2_s(user: User):
    row, raw = make_key(user)
    call(raw)

    ApiKey.objects.filter(pk=row.pk).update(revoked_at=NOW)  # as another process would

    assert call(raw, now=NOW + timedelta(seconds=1.9)).user == user
    with pytest.raises(BadCredentials):
        call(raw, now=NOW + timedelta(seconds=2))


def test_what_is_remembered_of_a_key_and_its_owner_opens_nothing(user: User):
    _, raw = make_key(user)
    row = ApiKey.objects.select_related("owner").get()

    said = KeyForm().dump(known(row))

    prefix, _, secret = raw.partition(".")
    assert prefix.encode() in said
    assert secret.encode() not in said
    assert user.password.encode() not in said
    assert KeyForm().load(said) == known(row)


@pytest.mark.parametrize("ends_in_s", [None, 10])
def test_a_key_read_back_from_redis_is_the_key_it_was(user: User, ends_in_s: int | None):
    ends = NOW + timedelta(seconds=ends_in_s) if ends_in_s else None
    make_key(user, expires_at=ends, key_scopes=[scopes.IMPORTS, scopes.UPLOADS])
    row = known(ApiKey.objects.select_related("owner").get())

    again = KeyForm().load(KeyForm().dump(row))

    assert again == row
    assert again.owner.email == user.email  # of which nothing was kept
    assert again.owner.check_password("alices-passphrase")


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
    known_keys().clear()
    call(raw, now=NOW + timedelta(seconds=59))
    after_59_s = ApiKey.objects.get(pk=row.pk).last_used_at
    known_keys().clear()
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
