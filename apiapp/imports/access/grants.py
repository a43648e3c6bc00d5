"""Sharing: with whom, as what, and who the owner is.  Every change is told in the dataset's history."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import QuerySet

from apiapp.imports import events
from apiapp.imports.access import roles
from apiapp.imports.errors import BadGrantee, NotPermitted, UnknownGrant
from apiapp.imports.models import Dataset, DatasetGrant, Role
from apiapp.keys.callers import Caller

OWNS_IT = "The owner may do everything already."
NO_USER = "There is no such user."
NO_GROUP = "There is no such group, or you are not in it."


@dataclass(frozen=True, slots=True)
class Grantee:
    """With whom to share: a user's name, or a group's."""

    user: str = ""
    group: str = ""


def grants_of(*, caller: Caller, dataset: Dataset) -> QuerySet[DatasetGrant]:
    """All of them for the owner; others see what they themselves were given by name."""
    rows = dataset.grants.select_related("user", "group")
    return rows if roles.may(dataset, Role.OWNER) else rows.filter(user=caller.user)


def grant_of(*, caller: Caller, dataset: Dataset, grant_id: int) -> DatasetGrant:
    """Raises UnknownGrant."""
    grant = grants_of(caller=caller, dataset=dataset).filter(pk=grant_id).first()
    if grant is None:
        raise UnknownGrant
    return grant


def share(
    *, caller: Caller, dataset: Dataset, grantee: Grantee, role: str, now: datetime
) -> tuple[DatasetGrant, bool]:
    """The permission as it is now, and whether it is new.  Raises NotPermitted, BadGrantee."""
    roles.require(dataset, Role.OWNER)
    user, group = found(caller, dataset, grantee)
    by = caller.user.get_username()
    with transaction.atomic():
        grant, is_new = dataset.grants.update_or_create(
            user=user,
            group=group,
            defaults={"role": role},
            create_defaults={"role": role, "granted_by": by},
        )
    tell(dataset, grant, by=by, now=now, role=role)
    return grant, is_new


def found(caller: Caller, dataset: Dataset, grantee: Grantee) -> tuple[User | None, Group | None]:
    """Raises BadGrantee.  Groups one is not in are not told from those that do not exist."""
    if grantee.user:
        return other_user(dataset, grantee.user), None
    groups = Group.objects.all() if caller.sees_all else caller.user.groups.all()
    group = groups.filter(name=grantee.group).first()
    if group is None:
        raise BadGrantee(field="group", reason=NO_GROUP)
    return None, group


def other_user(dataset: Dataset, name: str) -> User:
    """An active user who does not own the dataset.  Raises BadGrantee."""
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise BadGrantee(field="user", reason=NO_USER)
    if user.pk == dataset.owner_id:
        raise BadGrantee(field="user", reason=OWNS_IT)
    return user


def change_role(
    *, caller: Caller, dataset: Dataset, grant: DatasetGrant, role: str, now: datetime
) -> DatasetGrant:
    """Raises NotPermitted."""
    roles.require(dataset, Role.OWNER)
    grant.role = role
    grant.save(update_fields=["role"])
    tell(dataset, grant, by=caller.user.get_username(), now=now, role=role)
    return grant


def revoke(*, caller: Caller, dataset: Dataset, grant: DatasetGrant, now: datetime) -> None:
    """The owner takes it back, or whom it was given to gives it back.  Raises NotPermitted."""
    if grant.user_id != caller.user.pk:
        roles.require(dataset, Role.OWNER)
    grant.delete()
    tell(dataset, grant, by=caller.user.get_username(), now=now, role="")


def give_away(*, caller: Caller, dataset: Dataset, to: str, now: datetime) -> User:
    """Make the user called `to` the owner; who was it goes on as an editor.

    Raises NotPermitted, BadGrantee.
    """
    roles.require(dataset, Role.OWNER)
    by = caller.user.get_username()
    with transaction.atomic():
        held = Dataset.objects.select_for_update().get(pk=dataset.pk)
        if held.owner_id != dataset.owner_id:  # somebody was quicker
            raise NotPermitted(slug=dataset.slug, needed=Role.OWNER.value)
        new_owner = other_user(held, to)
        held.grants.filter(user=new_owner).delete()
        kept = {"role": Role.EDITOR, "granted_by": by}
        held.grants.update_or_create(user_id=held.owner_id, defaults=kept)
        held.owner = new_owner
        held.save(update_fields=["owner", "updated_at"])
    events.tell(held, events.Kind.SHARED, by=by, now=now, user=to, role=Role.OWNER.value)
    return new_owner


def tell(dataset: Dataset, grant: DatasetGrant, *, by: str, now: datetime, role: str) -> None:
    """role: empty where it was taken back."""
    whom: dict[str, Any] = {"group": str(grant.group)}
    if grant.user:
        whom = {"user": grant.user.username}
    events.tell(dataset, events.Kind.SHARED, by=by, now=now, role=role, **whom)
