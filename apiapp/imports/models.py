from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apiapp.jobs.models import Job
from apiapp.uploads.models import Upload


class Role(models.TextChoices):
    """What somebody may do with a dataset: each may all that those before it may."""

    VIEWER = "viewer", _("viewer")
    EDITOR = "editor", _("editor")
    OWNER = "owner", _("owner")


class Dataset(models.Model):
    """A table that people import into; the rows themselves live behind the alias `datasets`."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,  # a row that vanished with its owner would leave its table
        related_name="datasets",
        verbose_name=_("owner"),
    )
    slug = models.SlugField(_("short name"), max_length=80, unique=True, allow_unicode=True)
    title = models.CharField(_("title"), max_length=200)
    table_name = models.CharField(_("table"), max_length=63, blank=True, editable=False)
    schema_version = models.PositiveIntegerField(_("schema version"), default=1, editable=False)
    row_count = models.BigIntegerField(_("rows"), default=0, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)
    # Names of columns that tell its rows apart, together; an upsert finds rows by them.
    key_columns = models.JSONField(_("key"), default=list, editable=False)
    # Empty while its first import runs: the name is taken, but nobody sees half a table.
    published_at = models.DateTimeField(_("published"), null=True, editable=False)

    callers_role = ""  # no field: access.roles says it of what it finds for somebody

    class Meta:
        verbose_name = _("dataset")
        verbose_name_plural = _("datasets")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.title


class Column(models.Model):
    """One column of a dataset.  `name` is its name in the database, for ever; `label` is shown."""

    class Type(models.TextChoices):
        TEXT = "text", _("text")
        INTEGER = "integer", _("integer")
        DECIMAL = "decimal", _("decimal")
        FLOAT = "float", _("float")
        BOOLEAN = "boolean", _("boolean")
        DATE = "date", _("date")
        TIMESTAMP = "timestamp", _("timestamp")
        UUID = "uuid", "UUID"
        JSON = "json", "JSON"

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="columns")
    position = models.PositiveIntegerField(_("position"))
    name = models.CharField(_("name"), max_length=63)
    label = models.CharField(_("label"), max_length=300)
    type = models.CharField(_("type"), max_length=10, choices=Type.choices)
    required = models.BooleanField(_("required"), default=False)
    unique = models.BooleanField(_("unique"), default=False)
    indexed = models.BooleanField(_("indexed"), default=False, editable=False)
    # As pipeline/rules.py has them: pattern, minimum, maximum, allowed, references.
    conditions = models.JSONField(_("conditions"), default=dict, blank=True, editable=False)

    class Meta:
        verbose_name = _("column")
        verbose_name_plural = _("columns")
        ordering = ["dataset", "position"]
        constraints = [
            models.UniqueConstraint(fields=["dataset", "name"], name="one_column_per_name")
        ]

    def __str__(self) -> str:
        return self.label


GRANTED = (Role.VIEWER, Role.EDITOR)  # a dataset has one owner, who is in its own row


class DatasetGrant(models.Model):
    """A dataset shared with one user, or with everybody in one group."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="grants")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="dataset_grants",
        verbose_name=_("user"),
    )
    group = models.ForeignKey(
        "auth.Group",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="dataset_grants",
        verbose_name=_("group"),
    )
    role = models.CharField(
        _("role"), max_length=10, choices=[(role.value, role.label) for role in GRANTED]
    )
    granted_by = models.CharField(_("shared by"), max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(_("shared"), auto_now_add=True)

    class Meta:
        verbose_name = _("permission")
        verbose_name_plural = _("permissions")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["dataset", "user"], name="one_grant_per_user"),
            models.UniqueConstraint(fields=["dataset", "group"], name="one_grant_per_group"),
            models.CheckConstraint(
                condition=models.Q(user=None) ^ models.Q(group=None),
                name="granted_to_one",
                violation_error_message=_("Choose a user or a group, one of them."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user or self.group}: {self.get_role_display()}"


class ColumnChoice(models.Model):
    """Where a column of files called so goes in a dataset; `column` is empty where it is left out."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="choices")
    label = models.CharField(max_length=300)  # in lower case
    column = models.CharField(max_length=63, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dataset", "label"], name="one_choice_per_label")
        ]

    def __str__(self) -> str:
        return f"{self.label} → {self.column}"


class Import(models.Model):
    """One file going into one dataset.  How far it is, and how it ended, is in its job's row."""

    class Mode(models.TextChoices):
        CREATE = "create", _("create")
        APPEND = "append", _("append")
        REPLACE = "replace", _("replace")
        UPSERT = "upsert", _("upsert")
        RETYPE = "retype", _("retype")  # of the dataset's own column, not of a file

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="imports",
        verbose_name=_("owner"),
    )
    dataset = models.ForeignKey(
        Dataset,
        on_delete=models.SET_NULL,
        null=True,
        related_name="imports",
        verbose_name=_("dataset"),
    )
    dataset_title = models.CharField(_("dataset's title"), max_length=200)
    upload = models.ForeignKey(
        Upload, on_delete=models.SET_NULL, null=True, verbose_name=_("upload")
    )
    source_name = models.CharField(_("file"), max_length=255)
    mode = models.CharField(_("mode"), max_length=10, choices=Mode.choices)
    # As pipeline/schema.py and pipeline/dialect.py write them; no dialect: it was not a file.
    columns = models.JSONField(_("columns of the file"), default=list)
    dialect = models.JSONField(_("dialect of the file"), default=dict)
    job = models.OneToOneField(Job, on_delete=models.RESTRICT, verbose_name=_("job"))
    # The import whose refused rows this file has, mended.
    continues = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        related_name="continued_by",
        verbose_name=_("continues"),
    )
    # What happens to rows that are new, there already, or not in the file: of an upsert.
    key_columns = models.JSONField(_("key"), default=list)
    inserts_new = models.BooleanField(_("inserts new rows"), default=True)
    updates_existing = models.BooleanField(_("updates rows that are there"), default=True)
    deletes_missing = models.BooleanField(_("deletes rows that the file lacks"), default=False)
    # Everything but the load: the counts say what it would do.
    is_dry_run = models.BooleanField(_("dry run"), default=False)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True, editable=False)
    rows_loaded = models.BigIntegerField(_("rows loaded"), default=0)
    rows_refused = models.BigIntegerField(_("rows refused"), default=0)
    rows_inserted = models.BigIntegerField(_("rows inserted"), default=0)
    rows_updated = models.BigIntegerField(_("rows updated"), default=0)
    rows_unchanged = models.BigIntegerField(_("rows unchanged"), default=0)
    rows_skipped = models.BigIntegerField(_("rows skipped"), default=0)
    rows_deleted = models.BigIntegerField(_("rows deleted"), default=0)
    # Its rows are in the table; the ledger beside the table says so first.
    applied_at = models.DateTimeField(_("applied"), null=True, editable=False)
    checked_at = models.DateTimeField(_("checked"), null=True, editable=False)
    undone_at = models.DateTimeField(_("undone"), null=True)
    started_by = models.CharField(_("started by"), max_length=150, blank=True)
    undone_by = models.CharField(_("undone by"), max_length=150, blank=True)
    # Of the request that asked for it, if that came with an Idempotency-Key.
    work_id = models.UUIDField(null=True, unique=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.source_name} → {self.dataset_title}"

    @property
    def state(self) -> str:
        """`undone`, `checked` (a dry run to its end), or the state of its job.

        Once its rows are visible, it has succeeded.
        """
        if self.undone_at:
            return "undone"
        if self.checked_at:
            return "checked"
        return Job.State.SUCCEEDED if self.applied_at else self.job.state


class RefusedCell(models.Model):
    """A cell that could not become what its column asks for; its row was not loaded.

    Lives behind the alias `datasets`, beside the tables, so `import_id` is a number, not a key.
    """

    import_id = models.BigIntegerField(_("import"))
    row_number = models.BigIntegerField(_("row"), help_text=_("1 is the first row of data."))
    column = models.CharField(_("column"), max_length=300, blank=True)
    value = models.TextField(_("value"), blank=True)
    kind = models.CharField(_("kind"), max_length=20)
    reason = models.CharField(_("reason"), max_length=300)

    class Meta:
        verbose_name = _("refused cell")
        verbose_name_plural = _("refused cells")
        ordering = ["id"]
        indexes = [models.Index(fields=["import_id", "id"], name="refused_of_import")]

    def __str__(self) -> str:
        return f"{self.row_number}/{self.column}: {self.reason}"


class LoadLedger(models.Model):
    """Which imports are in the tables: written in the transaction that makes their rows visible."""

    import_id = models.BigIntegerField(unique=True)
    rows_loaded = models.BigIntegerField()
    rows_refused = models.BigIntegerField()
    rows_inserted = models.BigIntegerField(default=0)
    rows_updated = models.BigIntegerField(default=0)
    rows_unchanged = models.BigIntegerField(default=0)
    rows_skipped = models.BigIntegerField(default=0)
    rows_deleted = models.BigIntegerField(default=0)
    applied_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"import {self.import_id}: {self.rows_loaded} rows"


class DatasetEvent(models.Model):
    """Who did what to a dataset: written in the transaction that does it.

    Lives beside the tables, so other things are told by number and name: they may go, it stays.
    facts: row_ids, counts, names... as the kind needs them.
    """

    class Kind(models.TextChoices):
        IMPORTED = "imported", _("imported")
        UNDONE = "undone", _("import undone")
        IMPORT_FAILED = "import_failed", _("import failed")
        IMPORT_CANCELLED = "import_cancelled", _("import cancelled")
        ROW_ADDED = "row_added", _("row added")
        ROW_CHANGED = "row_changed", _("row changed")
        ROWS_DELETED = "rows_deleted", _("rows deleted")
        RENAMED = "renamed", _("renamed")
        SCHEMA_CHANGED = "schema_changed", _("columns changed")
        DELETED = "deleted", _("dataset deleted")
        SHARED = "shared", _("sharing changed")

    dataset_id = models.BigIntegerField(_("dataset"))
    dataset_title = models.CharField(_("dataset's title"), max_length=200)
    kind = models.CharField(_("what"), max_length=20, choices=Kind.choices)
    actor = models.CharField(pgettext_lazy("did it", "who"), max_length=150, blank=True)
    import_id = models.BigIntegerField(_("import"), null=True)
    facts = models.JSONField(_("facts"), default=dict)
    at = models.DateTimeField(_("when"))
    dataset_slug = models.CharField(max_length=80, blank=True, default="", editable=False)
    # Of what is told after it happened: told twice, kept once.
    once = models.CharField(  # noqa: DJ001 - unique among those that have one
        max_length=100, null=True, unique=True, editable=False
    )
    # That wrote it, on PostgreSQL: see feed.py.
    transaction_id = models.BigIntegerField(default=0, editable=False)

    # No fields: events.with_told and edits/undoable.py say them of what they find.
    told: Any = None
    outlook: Any = None

    class Meta:
        verbose_name = _("event of a dataset")
        verbose_name_plural = _("events of datasets")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["dataset_id", "id"], name="events_of_dataset"),
            models.Index(fields=["transaction_id", "id"], name="events_as_written"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset_title}: {self.kind}"
