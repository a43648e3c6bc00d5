"""/admin/imports/dataset/<id>/columns/<name>/type/: another type for a column, or what would come of it."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from apiapp.imports import columns
from apiapp.imports.errors import ImportFailed, RowError, UnknownDatasetColumn
from apiapp.imports.models import Column, Dataset
from apiapp.imports.pipeline.local_forms import FORMS_OF
from apiapp.imports.retyping import services as retyping
from apiapp.keys.callers import person

EXAMPLES = {
    "": "12345.67 · 2025-12-31",
    ".,": "12,345.67",
    ",.": "12.345,67",
    ", ": "12 345,67",
    ". ": "12 345.67",
    ".'": "12'345.67",
    ",'": "12'345,67",
    ",": "12345,67",
    "ymd": "2025/12/31",
    "dmy": "31.12.2025",
    "mdy": "12/31/2025",
}
REFUSE, EMPTY = "refuse", "empty"


class RetypeForm(forms.Form):
    """The type that a column is to have, and how its cells are read."""

    type = forms.ChoiceField(label=_("New type"), widget=UnfoldAdminSelectWidget)
    form = forms.ChoiceField(
        label=_("Written like"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("of numbers and dates in a column of text"),
    )
    on_refused = forms.ChoiceField(
        label=_("Cells that will not convert"),
        widget=UnfoldAdminSelectWidget,
        choices=[(REFUSE, _("nothing is changed")), (EMPTY, _("become empty"))],
    )

    def __init__(self, column: Column, data: Any) -> None:
        super().__init__(data)
        others = [each for each in Column.Type.choices if each[0] != column.type]
        self.fields["type"].choices = others  # type: ignore[attr-defined]
        self.fields["form"].choices = list(EXAMPLES.items())  # type: ignore[attr-defined]
        if column.type != Column.Type.TEXT:
            del self.fields["form"]
        if column.required:
            del self.fields["on_refused"]

    def wanted(self, *, is_dry_run: bool) -> retyping.Retype:
        said = self.cleaned_data
        return retyping.Retype(
            type=said["type"],
            form=said.get("form", "") if said["type"] in FORMS_OF else "",
            empties=said.get("on_refused") == EMPTY,
            is_dry_run=is_dry_run,
        )


class RetypePage:
    """The page, for staff who may change the dataset; it leads on to the import that does it."""

    def __init__(self, dataset_admin: ModelAdmin) -> None:
        self.admin = dataset_admin
        self.site = dataset_admin.admin_site

    def urls(self) -> Iterable[URLPattern]:
        view = self.site.admin_view(self.page)
        name = "imports_dataset_retype"
        return [path("<int:dataset_id>/columns/<str:name>/type/", view, name=name)]

    def page(self, request: HttpRequest, dataset_id: int, name: str) -> HttpResponse:
        dataset = self.admin.get_object(request, str(dataset_id))
        if not isinstance(dataset, Dataset):
            raise Http404
        if not self.admin.has_change_permission(request, dataset):
            raise PermissionDenied
        try:
            column = columns.column_of(dataset, name)
        except UnknownDatasetColumn as error:
            raise Http404 from error
        form = RetypeForm(column, request.POST or None)
        if request.method == "POST" and form.is_valid():
            done = begin(request, column, form)
            if done:
                return done
        return self._shown(request, dataset, column, form)

    def _shown(
        self, request: HttpRequest, dataset: Dataset, column: Column, form: RetypeForm
    ) -> HttpResponse:
        context = {
            **self.site.each_context(request),
            "opts": self.admin.opts,
            "original": dataset,
            "title": dataset.title,
            "column": column,
            "form": form,
            "tab": "settings",
        }
        return TemplateResponse(request, "admin/imports/dataset/retype.html", context)


def begin(request: HttpRequest, column: Column, form: RetypeForm) -> HttpResponse | None:
    """None where it cannot be, which is said in the form."""
    assert isinstance(request.user, User)
    try:
        row = retyping.start(
            caller=person(request.user),
            dataset=column.dataset,
            name=column.name,
            wanted=form.wanted(is_dry_run="_try" in request.POST),
            now=timezone.now(),
        )
    except (ImportFailed, RowError) as error:
        form.add_error(None, str(error))
        return None
    messages.info(
        request, _("It runs in the background: load this page again to see what came of it.")
    )
    return HttpResponseRedirect(reverse("admin:imports_import_change", args=[row.pk]))
