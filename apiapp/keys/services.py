"""Make, look up and revoke what callers show: API keys, passwords, login links."""

import hashlib
import hmac
import secrets
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from apiapp.keys import scopes
from apiapp.keys.callers import Caller
from apiapp.keys.errors import BadCredentials, LinkNotValid, UnknownScope, UnknownUser
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
    """End a key at once; this process forgets what it remembered of it."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now)
    forget_key(key.prefix)


class KeyCache:
    """Keys looked up a moment ago, per process.  Safe to use from several threads."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[ApiKey, datetime]] = {}
        self._lock = threading.Lock()
        self._generation = 0

    def get(self, prefix: str, *, now: datetime) -> ApiKey | None:
        with self._lock:
            key, until = self._found.get(prefix, (None, now))
            return key if until > now else None

    def generation(self) -> int:
        """To be read before a look-up: what was forgotten since must not be put back."""
        return self._generation

    def put(self, key: ApiKey, *, until: datetime, generation: int) -> None:
        with self._lock:
            if generation == self._generation:
                self._found[key.prefix] = (key, until)

    def forget(self, prefix: str) -> None:
        with self._lock:
            self._generation += 1
            self._found.pop(prefix, None)

    def clear(self) -> None:
        with self._lock:
            self._generation += 1
            self._found.clear()


key_cache = KeyCache()


def forget_key(prefix: str) -> None:
    key_cache.forget(prefix)


def forget_user(user: User) -> None:
    """After a change to a user (disabled, no longer staff): their keys are looked up anew."""
    for prefix in ApiKey.objects.filter(owner=user).values_list("prefix", flat=True):
        key_cache.forget(prefix)


def caller_for_key(*, raw: str, server_secret: str, now: datetime, cache_s: float) -> Caller:
    """The caller who shows the key `raw`.

    Raises BadCredentials for a key that is unknown, wrong, expired or revoked, or whose owner is
    disabled.
    """
    prefix, _, secret = raw.partition(".")
    key = key_cache.get(prefix, now=now) or _look_up(prefix, now=now, cache_s=cache_s)
    shown = digest(secret=secret, server_secret=server_secret)
    stored = key.secret_hmac if key else digest(secret="", server_secret=server_secret)  # nosec B106 # nobody has it
    if not hmac.compare_digest(shown, stored) or key is None:
        raise BadCredentials
    if (key.expires_at and key.expires_at <= now) or not key.owner.is_active:
        raise BadCredentials
    return Caller(user=key.owner, scopes=frozenset(key.scopes), key_prefix=key.prefix)


def _look_up(prefix: str, *, now: datetime, cache_s: float) -> ApiKey | None:
    generation = key_cache.generation()
    key = ApiKey.objects.select_related("owner").filter(prefix=prefix, revoked_at=None).first()
    if key is None:
        return None
    key_cache.put(key, until=now + timedelta(seconds=cache_s), generation=generation)
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - timedelta(seconds=LAST_USED_EVERY_S))
    ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)
    return key


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
