from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline

from apiapp.imports import columns, datasets
from apiapp.imports.access import grants
from apiapp.imports.errors import BadGrantee, DatasetBusy, ImportFailed, TableInUse
from apiapp.imports.import_admin import LINK_CLASSES
from apiapp.imports.models import Column, Dataset, DatasetGrant, Role
from apiapp.imports.retype_admin import RetypePage
from apiapp.imports.rows_admin import RowPages
from apiapp.keys.callers import person


class ColumnInline(TabularInline):
    """What columns are called and ask for; see DatasetAdmin.save_formset for how it is changed."""

    model = Column
    extra = 0
    can_delete = False
    hide_title = True
    fields = ("label", "name", "its_type", "required", "unique", "is_indexed", "its_conditions")
    readonly_fields = ("name", "its_type", "is_indexed", "its_conditions")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("dataset")

    @admin.display(description=_("type"))
    def its_type(self, column: Column) -> str:
        """It leads to where it is changed, for who may."""
        link = reverse("admin:imports_dataset_retype", args=[column.dataset_id, column.name])
        return format_html(
            '<a href="{}" class="{}" title="{}">{}</a>',
            link,
            LINK_CLASSES,
            _("Change the type"),
            column.get_type_display(),
        )

    @admin.display(description=_("indexed"))
    def is_indexed(self, column: Column) -> Any:
        is_in_key = column.name in column.dataset.key_columns
        return _("yes") if column.indexed or column.unique or is_in_key else "–"

    @admin.display(description=_("conditions"))
    def its_conditions(self, column: Column) -> str:
        told = (f"{name}: {value}" for name, value in column.conditions.items())
        return "; ".join(told) or "–"


class GrantInline(TabularInline):
    """With whom the dataset is shared; whoever may change the dataset may share it."""

    model = DatasetGrant
    extra = 0
    hide_title = True
    fields = ("user", "group", "role", "granted_by")
    readonly_fields = ("granted_by",)
    autocomplete_fields = ("user", "group")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("imports.view_dataset") or self._may(request)

    def _may(self, request: HttpRequest) -> bool:
        return request.user.has_perm("imports.change_dataset")


@admin.register(Dataset)
class DatasetAdmin(ModelAdmin):
    """Datasets come from imports; here they are renamed, given away, deleted, and their rows seen."""

    list_display = ("title", "slug", "owner", "rows", "created_at")
    list_select_related = ("owner",)
    list_filter = ("owner",)
    search_fields = ("title", "slug", "owner__username")
    fields = ("title", "slug", "owner", "rows", "its_key", "table_name", "created_at", "updated_at")
    autocomplete_fields = ("owner",)
    readonly_fields = ("slug", "rows", "its_key", "table_name", "created_at", "updated_at")
    inlines = (GrantInline, ColumnInline)

    def get_urls(self) -> list[URLPattern]:
        return [*RowPages(self).urls(), *RetypePage(self).urls(), *super().get_urls()]

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

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Of what an import is making only that import knows."""
        is_made = obj is None or obj.published_at is not None
        return is_made and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Dataset, form: Any, change: bool) -> None:
        """As over REST: nothing else of the dataset is written, and both are told in its history."""
        assert isinstance(request.user, User)
        by, now = request.user, timezone.now()
        stored = datasets.published().get(pk=obj.pk)
        stored.callers_role = Role.OWNER.value  # whoever may change it here may do all with it
        if "title" in form.changed_data:
            datasets.rename(dataset=stored, title=obj.title, by=by, now=now)
        if "owner" in form.changed_data:
            give_away(request, stored, to=obj.owner)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        if formset.model is Column:
            formset.save(commit=False)  # for the log of changes alone
            for column, names in formset.changed_objects:
                change_column(request, column, {name: getattr(column, name) for name in names})
            return
        for each in formset.forms:
            if isinstance(each.instance, DatasetGrant) and not each.instance.pk:
                each.instance.granted_by = request.user.get_username()
        super().save_formset(request, form, formset, change)

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
        assert isinstance(request.user, User)
        datasets.delete(dataset=obj, by=request.user, now=timezone.now())

    @admin.display(description=_("key"))
    def its_key(self, dataset: Dataset) -> str:
        return ", ".join(dataset.key_columns) or "–"

    @admin.display(description=_("rows"), ordering="row_count")
    def rows(self, dataset: Dataset) -> str:
        count = number_format(dataset.row_count, force_grouping=True)
        if dataset.published_at is None:
            return "–"
        link = reverse("admin:imports_dataset_rows", args=[dataset.pk])
        return format_html('<a href="{}" class="{}">{}</a>', link, LINK_CLASSES, count)


def give_away(request: HttpRequest, dataset: Dataset, *, to: User) -> None:
    assert isinstance(request.user, User)
    try:
        grants.give_away(
            caller=person(request.user), dataset=dataset, to=to.username, now=timezone.now()
        )
    except BadGrantee as error:
        messages.error(request, str(error))


def change_column(request: HttpRequest, column: Column, wished: dict[str, Any]) -> None:
    """As any caller would; what cannot be is said on the page."""
    assert isinstance(request.user, User)
    try:
        columns.change(
            caller=person(request.user),
            dataset=column.dataset,
            name=column.name,
            wish=columns.Wish(**wished),
            now=timezone.now(),
        )
    except (ImportFailed, TableInUse) as error:
        messages.error(request, str(error))
