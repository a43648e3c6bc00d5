from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apiapp.jobs.models import Job
from apiapp.uploads.models import Upload


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
    # Empty while its first import runs: the name is taken, but nobody sees half a table.
    published_at = models.DateTimeField(_("published"), null=True, editable=False)

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

    class Meta:
        verbose_name = _("column")
        verbose_name_plural = _("columns")
        ordering = ["dataset", "position"]
        constraints = [
            models.UniqueConstraint(fields=["dataset", "name"], name="one_column_per_name")
        ]

    def __str__(self) -> str:
        return self.label


class Import(models.Model):
    """One file going into one dataset.  How far it is, and how it ended, is in its job's row."""

    class Mode(models.TextChoices):
        CREATE = "create", _("create")
        APPEND = "append", _("append")

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
    rows_loaded = models.BigIntegerField(_("rows loaded"), default=0)
    rows_refused = models.BigIntegerField(_("rows refused"), default=0)
    # Its rows are in the table; the ledger beside the table says so first.
    applied_at = models.DateTimeField(_("applied"), null=True, editable=False)
    undone_at = models.DateTimeField(_("undone"), null=True)
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
        """`undone`, or the state of its job; once its rows are visible, it has succeeded."""
        if self.undone_at:
            return "undone"
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
    applied_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"import {self.import_id}: {self.rows_loaded} rows"
