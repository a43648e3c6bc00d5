"""The admin of imports, refused cells and events of datasets: looked at, not edited."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from apiapp.imports import event_words, events, services, undoing
from apiapp.imports.errors import ImportFailed, TableInUse
from apiapp.imports.models import Column, DatasetEvent, Import, RefusedCell
from apiapp.imports.pipeline.dialect import Dialect
from apiapp.jobs.errors import JobNotRetryable
from apiapp.jobs.models import Job

IMPORTS_OFFERED = 50
LINK_CLASSES = "font-medium text-primary-700 dark:text-primary-400 hover:underline"
STATE_COLOURS = {
    "queued": "info",
    "running": "info",
    "succeeded": "success",
    "failed": "danger",
    "cancelled": "warning",
    "undone": "warning",
    "checked": "info",
}
STATE_WORDS = {"undone": _("undone"), "checked": _("tried out")}


class ReadOnly:
    """What happened is looked at, not edited."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Import)
class ImportAdmin(ReadOnly, ModelAdmin):
    list_display = (
        "source_name",
        "into",
        "mode",
        "how_it_is",
        "loaded",
        "refused",
        "its_job",
        "owner",
        "created_at",
    )
    list_select_related = ("owner", "dataset", "job")
    list_filter = ("job__state", "mode", "is_dry_run", "owner")
    actions = ("undo_selected", "retry_selected")
    search_fields = ("source_name", "dataset_title", "owner__username")
    fields = (
        "source_name",
        "into",
        "mode",
        "its_state",
        "loaded",
        "changes",
        "refused",
        "its_key",
        "is_dry_run",
        "its_job",
        "why",
        "owner",
        "upload",
        "its_columns",
        "its_dialect",
        "created_at",
        "started_by",
        "undone_at",
        "undone_by",
    )
    readonly_fields = fields

    def has_undo_permission(self, request: HttpRequest) -> bool:
        """Whoever may change rows may take them back."""
        return request.user.has_perm("imports.change_dataset")

    @admin.action(description=_("Undo the selected imports"), permissions=["undo"])
    def undo_selected(self, request: HttpRequest, queryset: QuerySet[Import]) -> None:
        """The newest first, as they build on one another."""
        assert isinstance(request.user, User)
        for row in queryset.select_related("dataset", "job").order_by("-pk"):
            try:
                undoing.undo(row=row, by=request.user, now=timezone.now())
            except (ImportFailed, TableInUse) as error:
                messages.error(request, f"{row}: {error}")
            else:
                messages.success(request, _("%(row)s was undone.") % {"row": row})

    @admin.action(description=_("Try the selected imports again"), permissions=["undo"])
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[Import]) -> None:
        for row in queryset.select_related("dataset", "job", "upload"):
            try:
                services.retry(row=row, now=timezone.now())
            except (ImportFailed, JobNotRetryable) as error:
                messages.error(request, f"{row}: {error}")
            else:
                messages.success(request, _("%(row)s is tried again.") % {"row": row})

    @admin.display(description=_("dataset"), ordering="dataset_title")
    def into(self, row: Import) -> str:
        if row.dataset is None:
            return row.dataset_title
        link = reverse("admin:imports_dataset_change", args=[row.dataset.pk])
        return format_html('<a href="{}" class="{}">{}</a>', link, LINK_CLASSES, row.dataset.title)

    @display(description=_("state"), ordering="job__state", label=STATE_COLOURS)
    def how_it_is(self, row: Import) -> tuple[str, Any]:
        return row.state, self.its_state(row)

    @admin.display(description=_("state"))
    def its_state(self, row: Import) -> Any:
        return STATE_WORDS.get(row.state) or Job.State(row.state).label

    @admin.display(description=_("rows loaded"), ordering="rows_loaded")
    def loaded(self, row: Import) -> str:
        return number_format(row.rows_loaded, force_grouping=True)

    @admin.display(description=_("changes"))
    def changes(self, row: Import) -> str:
        counts = {name: getattr(row, name) for name in event_words.COUNTS}
        return event_words.of_counts(counts) or "–"

    @admin.display(description=_("key"))
    def its_key(self, row: Import) -> str:
        return ", ".join(row.key_columns) or "–"

    @admin.display(description=_("columns of the file"))
    def its_columns(self, row: Import) -> str:
        told = [(each["label"], column_words(each)) for each in row.columns]
        return lines_of(told)

    @admin.display(description=_("dialect of the file"))
    def its_dialect(self, row: Import) -> str:
        """What is not as RFC 4180 has it."""
        usual = Dialect().to_dict()
        said = (row.dialect or {}).items()
        return lines_of([(name, repr(value)) for name, value in said if value != usual.get(name)])

    @admin.display(description=_("rows refused"), ordering="rows_refused")
    def refused(self, row: Import) -> str:
        if not row.rows_refused:
            return "0"
        link = reverse("admin:imports_refusedcell_changelist")
        return format_html(
            '<a href="{}?import={}" class="{}">{}</a>',
            link,
            row.pk,
            LINK_CLASSES,
            number_format(row.rows_refused, force_grouping=True),
        )

    @admin.display(description=_("job"), ordering="job")
    def its_job(self, row: Import) -> str:
        link = reverse("admin:jobs_job_change", args=[row.job_id])
        return format_html('<a href="{}" class="{}">{}</a>', link, LINK_CLASSES, row.job_id)

    @admin.display(description=_("error"))
    def why(self, row: Import) -> str:
        return row.job.error or "–"


def column_words(column: dict[str, Any]) -> str:
    """Its type, and whatever else is asked of it."""
    type_ = Column.Type(column["type"]).label if column["name"] else _("left out")
    asked = [_(name) for name in ("required", "unique") if column.get(name)]
    conditions = [f"{name}: {value}" for name, value in column.get("conditions", {}).items()]
    return ", ".join([str(each) for each in (type_, *asked, *conditions)])


def lines_of(told: Sequence[tuple[str, str]]) -> str:
    if not told:
        return "–"
    return format_html_join(mark_safe("<br>"), "<b>{}</b>: {}", told)  # nosec B308 B703 # a constant


class OfImport(admin.SimpleListFilter):
    """The last imports that refused something; any other by its number in the address."""

    title = _("import")
    parameter_name = "import"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        refusing = Import.objects.filter(rows_refused__gt=0)
        chosen = request.GET.get("import", "")
        offered = list(refusing.order_by("-id")[:IMPORTS_OFFERED])
        if chosen.isdecimal() and int(chosen) not in {row.pk for row in offered}:
            offered += refusing.filter(pk=chosen)
        return [(str(row.pk), f"{row.pk}: {row}") for row in offered]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(import_id=value) if value and value.isdecimal() else queryset


def import_link(import_id: int | None) -> str:
    if not import_id:
        return "–"
    link = reverse("admin:imports_import_change", args=[import_id])
    return format_html('<a href="{}" class="{}">{}</a>', link, LINK_CLASSES, import_id)


@admin.register(RefusedCell)
class RefusedCellAdmin(ReadOnly, ModelAdmin):
    list_display = ("row_number", "column", "value", "its_kind", "reason", "its_import")
    fields = list_display
    list_filter = (OfImport, "kind")
    search_fields = ("column", "value", "reason")
    paginator = InfinitePaginator  # counting millions takes longer than showing some
    show_full_result_count = False
    list_per_page = 100

    @admin.display(description=_("import"), ordering="import_id")
    def its_import(self, cell: RefusedCell) -> str:
        return import_link(cell.import_id)

    @admin.display(description=_("kind"), ordering="kind")
    def its_kind(self, cell: RefusedCell) -> Any:
        return event_words.REFUSED_FOR.get(cell.kind, cell.kind)


@admin.register(DatasetEvent)
class DatasetEventAdmin(ReadOnly, ModelAdmin):
    """Who did what to which dataset."""

    list_display = ("moment", "actor", "kind", "dataset_title", "what_is_told", "its_import")
    list_filter = ("kind", "at")
    search_fields = ("dataset_title", "actor")
    fields = list_display
    paginator = InfinitePaginator
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[DatasetEvent]:
        return events.with_told(super().get_queryset(request))

    @admin.display(description=_("when"), ordering="at")
    def moment(self, event: DatasetEvent) -> str:
        return date_format(timezone.localtime(event.at), "SHORT_DATETIME_FORMAT")

    @admin.display(description=_("facts"))
    def what_is_told(self, event: DatasetEvent) -> str:
        return event_words.words_of(event)

    @admin.display(description=_("import"), ordering="import_id")
    def its_import(self, event: DatasetEvent) -> str:
        return import_link(event.import_id)
