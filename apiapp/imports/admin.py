from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from apiapp.imports import datasets
from apiapp.imports.errors import DatasetBusy
from apiapp.imports.models import Column, Dataset, Import, RefusedCell
from apiapp.imports.rows_admin import RowPages
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
}


class ReadOnly:
    """What happened is looked at, not edited."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ColumnInline(TabularInline):
    """Columns are what the import made them; only what they are called can be changed."""

    model = Column
    extra = 0
    can_delete = False
    hide_title = True
    fields = ("label", "name", "type", "is_required", "is_unique")
    readonly_fields = ("name", "type", "is_required", "is_unique")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("required"))
    def is_required(self, column: Column) -> Any:
        return _("yes") if column.required else "–"

    @admin.display(description=_("unique"))
    def is_unique(self, column: Column) -> Any:
        return _("yes") if column.unique else "–"


@admin.register(Dataset)
class DatasetAdmin(ModelAdmin):
    """Datasets come from imports; here they are renamed, given away, deleted, and their rows seen."""

    list_display = ("title", "slug", "owner", "rows", "created_at")
    list_select_related = ("owner",)
    list_filter = ("owner",)
    search_fields = ("title", "slug", "owner__username")
    fields = ("title", "slug", "owner", "rows", "table_name", "created_at", "updated_at")
    autocomplete_fields = ("owner",)
    readonly_fields = ("slug", "rows", "table_name", "created_at", "updated_at")
    inlines = (ColumnInline,)

    def get_urls(self) -> list[URLPattern]:
        return [*RowPages(self).urls(), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without deleting many at once: each is deleted by typing its name."""
        found = super().get_actions(request)
        found.pop("delete_selected", None)
        return found

    def get_paginator(self, request: HttpRequest, queryset: Any, *args: Any, **kwargs: Any) -> Any:
        """Of datasets, and of what happened to one: that with the newest first."""
        if queryset.model is LogEntry:
            queryset = queryset.order_by("-action_time", "-pk")
        return super().get_paginator(request, queryset, *args, **kwargs)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        dataset = self.get_object(request, object_id)
        if dataset and request.method == "POST" and request.POST.get("typed") != dataset.slug:
            messages.error(request, _("The name was not typed right; nothing was deleted."))
            return HttpResponseRedirect(request.path)
        count = number_format(dataset.row_count, force_grouping=True) if dataset else ""
        try:
            return super().delete_view(
                request, object_id, {**(extra_context or {}), "shown_count": count}
            )
        except DatasetBusy as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(request.path)

    def delete_model(self, request: HttpRequest, obj: Dataset) -> None:
        datasets.delete(dataset=obj)

    @admin.display(description=_("rows"), ordering="row_count")
    def rows(self, dataset: Dataset) -> str:
        count = number_format(dataset.row_count, force_grouping=True)
        if dataset.published_at is None:
            return "–"
        link = reverse("admin:imports_dataset_rows", args=[dataset.pk])
        return format_html('<a href="{}" class="{}">{}</a>', link, LINK_CLASSES, count)


@admin.register(Import)
class ImportAdmin(ReadOnly, ModelAdmin):
    list_display = (
        "source_name",
        "into",
        "mode",
        "how_it_is",
        "rows_loaded",
        "refused",
        "its_job",
        "owner",
        "created_at",
    )
    list_select_related = ("owner", "dataset", "job")
    list_filter = ("job__state", "mode", "owner")
    search_fields = ("source_name", "dataset_title", "owner__username")
    fields = (
        "source_name",
        "into",
        "mode",
        "how_it_is",
        "rows_loaded",
        "refused",
        "its_job",
        "why",
        "owner",
        "upload",
        "columns",
        "dialect",
        "created_at",
        "undone_at",
    )
    readonly_fields = fields

    @admin.display(description=_("dataset"), ordering="dataset_title")
    def into(self, row: Import) -> str:
        if row.dataset is None:
            return row.dataset_title
        link = reverse("admin:imports_dataset_change", args=[row.dataset.pk])
        return format_html('<a href="{}" class="{}">{}</a>', link, LINK_CLASSES, row.dataset.title)

    @display(description=_("state"), ordering="job__state", label=STATE_COLOURS)
    def how_it_is(self, row: Import) -> tuple[str, Any]:
        return row.state, _("undone") if row.undone_at else Job.State(row.state).label

    @admin.display(description=_("rows refused"), ordering="rows_refused")
    def refused(self, row: Import) -> str:
        if not row.rows_refused:
            return "0"
        link = reverse("admin:imports_refusedcell_changelist")
        return format_html(
            '<a href="{}?import={}" class="{}">{}</a>', link, row.pk, LINK_CLASSES, row.rows_refused
        )

    @admin.display(description=_("job"), ordering="job")
    def its_job(self, row: Import) -> str:
        link = reverse("admin:jobs_job_change", args=[row.job_id])
        return format_html('<a href="{}" class="{}">{}</a>', link, LINK_CLASSES, row.job_id)

    @admin.display(description=_("error"))
    def why(self, row: Import) -> str:
        return row.job.error or "–"


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


@admin.register(RefusedCell)
class RefusedCellAdmin(ReadOnly, ModelAdmin):
    list_display = ("import_id", "row_number", "column", "value", "reason")
    list_filter = (OfImport, "kind")
    search_fields = ("column", "value", "reason")
    paginator = InfinitePaginator  # counting millions takes longer than showing some
    show_full_result_count = False
    list_per_page = 100
