"""Which datasets and imports a caller sees, and what they may do there.  The only place that knows.

| may                                               | viewer | editor | owner |
| ------------------------------------------------- | ------ | ------ | ----- |
| see the dataset, its rows and its history; export | yes    | yes    | yes   |
| import; see, undo, continue imports of others     |        | yes    | yes   |
| change rows, columns and the title                |        | yes    | yes   |
| share, give away, delete                          |        |        | yes   |

Whoever sees everybody's objects (Caller.sees_all) is every dataset's owner here.  To all others a
dataset that is not shared with them does not exist.  An import is seen by who started it, too,
with its refused cells: they are of that person's own file.  Uploads and jobs are never shared.
"""

from django.contrib.auth.models import User
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When

from apiapp.imports.errors import NotPermitted, UnknownDataset
from apiapp.imports.models import Dataset, DatasetGrant, Import, Role
from apiapp.keys.callers import Caller

RANKS = list(Role)
CALLERS_ROLE = "callers_role"  # Dataset has it as a plain attribute


def visible(caller: Caller, rows: QuerySet[Dataset]) -> QuerySet[Dataset]:
    """Those of `rows` that the caller sees; each with `callers_role`, in the same query."""
    if caller.sees_all:
        return rows.annotate(**{CALLERS_ROLE: Value(Role.OWNER.value)})
    shared = grants_to(caller.user)
    seen = rows.filter(Q(owner=caller.user) | Q(pk__in=shared.values("dataset")))
    of_this = shared.filter(dataset=OuterRef("pk"))
    role = Case(
        When(owner=caller.user, then=Value(Role.OWNER.value)),
        When(Exists(of_this.filter(role=Role.EDITOR)), then=Value(Role.EDITOR.value)),
        default=Value(Role.VIEWER.value),
    )
    return seen.annotate(**{CALLERS_ROLE: role})


def role_of(caller: Caller, dataset: Dataset | None) -> str:
    """What the caller is there; "": nothing, nor where there is no dataset, after the same work.

    As `visible` says it, for one row that was read already: an owner costs no query.
    """
    if dataset and (caller.sees_all or dataset.owner_id == caller.user.pk):
        return Role.OWNER.value
    of_this = grants_to(caller.user).filter(dataset_id=dataset.pk if dataset else 0)
    roles = [Role(role) for role in of_this.values_list("role", flat=True)]
    return max(roles, key=RANKS.index).value if roles else ""


def visible_imports(caller: Caller, rows: QuerySet[Import]) -> QuerySet[Import]:
    """Those of `rows` that the caller started, or that went into a dataset they may edit."""
    if caller.sees_all:
        return rows
    edited = grants_to(caller.user).filter(role=Role.EDITOR).values("dataset")
    mine = Q(owner=caller.user) | Q(dataset__owner=caller.user)
    return rows.filter(mine | Q(dataset__in=edited))


def grants_to(user: User) -> QuerySet[DatasetGrant]:
    """What is shared with a person: by name, or with a group that they are in."""
    return DatasetGrant.objects.filter(Q(user=user) | Q(group__in=user.groups.all()))


def may(dataset: Dataset, role: Role) -> bool:
    """Whether the caller for whom `dataset` was found has this role there, or a higher one."""
    return RANKS.index(Role(dataset.callers_role)) >= RANKS.index(role)


def require(dataset: Dataset, role: Role) -> None:
    """Raises NotPermitted."""
    if not may(dataset, role):
        raise NotPermitted(slug=dataset.slug, needed=role.value)


def require_for_import(caller: Caller, row: Import) -> None:
    """That the caller may change what the import did.

    Raises NotPermitted, and UnknownDataset to who started it and sees the dataset no more.
    """
    if row.dataset is None:
        return
    dataset = visible(caller, Dataset.objects.filter(pk=row.dataset.pk)).first()
    if dataset is None:
        raise UnknownDataset(name=row.dataset_title)
    require(dataset, Role.EDITOR)
