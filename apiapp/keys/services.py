"""Make, look up and revoke what callers show: API keys, passwords, login links."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from apiapp.keys import scopes
from apiapp.keys.callers import Caller
from apiapp.keys.errors import (
    BadCredentials,
    LinkNotValid,
    UnknownKey,
    UnknownScope,
    UnknownUser,
)
from apiapp.keys.known import KnownKey, known, known_keys
from apiapp.keys.models import ApiKey, LoginLink

PREFIX_BYTES = 6
SECRET_BYTES = 32
LAST_USED_EVERY_S = 60.0  # `last_used_at` is for people: one write a minute is enough


def digest(*, secret: str, server_secret: str) -> str:
    """HMAC-SHA256 of `secret`, in hex: what is stored in its place."""
    return hmac.new(server_secret.encode(), secret.encode(), hashlib.sha256).hexdigest()


def user_named(username: str) -> User:
    """Raises UnknownUser."""
    try:
        return User.objects.get(username=username)
    except User.DoesNotExist as error:
        raise UnknownUser(username) from error


def ensure_user(*, username: str, is_staff: bool = False) -> User:
    """The user of this name, made without a password if there is none."""
    user, _ = User.objects.get_or_create(username=username)
    if is_staff and not user.is_staff:
        user.is_staff = user.is_superuser = True
        user.save(update_fields=["is_staff", "is_superuser"])
    return user


def ensure_admin() -> User:
    """The first superuser; made as `admin`, to be reached by a login link, if there is none."""
    admin = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    return admin or ensure_user(username="admin", is_staff=True)


def create_api_key(
    *,
    owner: User,
    name: str,
    key_scopes: Sequence[str],
    server_secret: str,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Return the new row and the key itself, which nobody can read again.

    Raises UnknownScope.
    """
    unknown = [scope for scope in key_scopes if scope not in scopes.ALL_SCOPES]
    if unknown:
        raise UnknownScope(scopes=unknown, known=scopes.ALL_SCOPES)
    prefix, secret = secrets.token_hex(PREFIX_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    row = ApiKey.objects.create(
        owner=owner,
        name=name,
        prefix=prefix,
        secret_hmac=digest(secret=secret, server_secret=server_secret),
        scopes=list(key_scopes),
        expires_at=expires_at,
    )
    return row, f"{prefix}.{secret}"


def revoke(*, key: ApiKey, now: datetime) -> None:
    """End a key: at once in this process and in all that hear of it through Redis."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now)
    known_keys().forget(key.prefix)


def key_with(prefix: str) -> ApiKey:
    """Raises UnknownKey."""
    try:
        return ApiKey.objects.get(prefix=prefix)
    except ApiKey.DoesNotExist as error:
        raise UnknownKey(prefix) from error


def forget_user(user: User) -> None:
    """With a change to a user (disabled, no longer staff, deleted): their keys are looked up anew."""
    known_keys().forget(*ApiKey.objects.filter(owner=user).values_list("prefix", flat=True))


def caller_for_key(*, raw: str, server_secret: str, now: datetime) -> Caller:
    """The caller who shows the key `raw`.

    Raises BadCredentials for a key that is unknown, wrong, expired or revoked, or whose owner is
    disabled.
    """
    prefix, _, secret = raw.partition(".")
    key = _key_of(prefix, now=now)
    shown = digest(secret=secret, server_secret=server_secret)
    stored = key.secret_hmac if key else digest(secret="", server_secret=server_secret)  # nosec B106 # nobody has it
    if not hmac.compare_digest(shown, stored) or key is None:
        raise BadCredentials
    if (key.expires_at and key.expires_at <= now) or not key.owner.is_active:
        raise BadCredentials
    return Caller(user=key.owner, scopes=key.scopes, key_prefix=key.prefix)


def _key_of(prefix: str, *, now: datetime) -> KnownKey | None:
    if len(prefix) > 2 * PREFIX_BYTES or not prefix.isalnum():  # whatever was sent is no key's
        return None
    look_up = partial(_look_up, prefix, now=now)
    return known_keys().get(prefix, look_up, now_s=now.timestamp())


def _look_up(prefix: str, *, now: datetime) -> KnownKey | None:
    row = ApiKey.objects.select_related("owner").filter(prefix=prefix, revoked_at=None).first()
    if row is None:
        return None
    before = now - timedelta(seconds=LAST_USED_EVERY_S)
    if row.last_used_at is None or row.last_used_at < before:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=before)
        ApiKey.objects.filter(stale, pk=row.pk).update(last_used_at=now)
    return known(row)


def create_login_link(*, user: User, server_secret: str, now: datetime, expires_s: float) -> str:
    """Return the token of a new link that signs in its first visitor."""
    token = secrets.token_urlsafe(SECRET_BYTES)
    LoginLink.objects.create(
        user=user,
        token_hmac=digest(secret=token, server_secret=server_secret),
        expires_at=now + timedelta(seconds=expires_s),
    )
    return token


@transaction.atomic
def redeem_login_link(*, token: str, server_secret: str, now: datetime) -> User:
    """The user whom `token` signs in, once.  Raises LinkNotValid."""
    token_hmac = digest(secret=token, server_secret=server_secret)
    taken = LoginLink.objects.filter(
        token_hmac=token_hmac, used_at=None, expires_at__gt=now, user__is_active=True
    ).update(used_at=now)
    if not taken:
        raise LinkNotValid
    return LoginLink.objects.select_related("user").get(token_hmac=token_hmac).user
