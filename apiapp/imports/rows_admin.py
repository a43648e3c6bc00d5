"""/admin/imports/dataset/<id>/rows/: the rows of a dataset, for staff who may see the dataset."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apiapp.imports import datasets, row_log
from apiapp.imports.errors import BadRowQuery, RowConflict, RowRefused, UnknownRow
from apiapp.imports.models import Dataset
from apiapp.imports.row_forms import RowForm
from apiapp.imports.row_query import Condition
from apiapp.imports.row_table import PAGE_SIZES, RowTable
from apiapp.imports.rows import ROW_ID, attribute
from apiapp.imports.selection import COUNTED_MAX

View = Callable[..., HttpResponse]


class RowPages:
    """The pages of rows, and the addresses that lead to them.

    Whoever may view a dataset may view its rows; whoever may change it may change them.
    """

    def __init__(self, dataset_admin: ModelAdmin) -> None:
        self.admin = dataset_admin
        self.site = dataset_admin.admin_site

    def urls(self) -> list[URLPattern]:
        pages: dict[str, tuple[View, str]] = {
            "": (self.index, "rows"),
            "add/": (self.add, "row_add"),
            "delete/": (self.delete_selected, "rows_delete"),
            "<int:row_id>/": (self.change, "row_change"),
            "<int:row_id>/delete/": (self.delete, "row_delete"),
        }
        return [
            path(
                f"<int:dataset_id>/rows/{route}",
                self.site.admin_view(view),
                name=f"imports_dataset_{name}",
            )
            for route, (view, name) in pages.items()
        ]

    def index(self, request: HttpRequest, dataset_id: int) -> HttpResponse:
        dataset = self._dataset(request, dataset_id)
        try:
            table = RowTable(list(dataset.columns.all()), request.GET)
            page = datasets.page_of(dataset=dataset, query=table.query)
        except BadRowQuery as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(request.path)
        is_whole = not page.next and not page.previous
        matching = (
            len(page.rows) if is_whole else datasets.count_of(dataset=dataset, query=table.query)
        )
        count = min(matching, COUNTED_MAX) if table.is_narrowed else matching
        context = {
            "table": table,
            "lines": table.lines(page.rows),
            "next": page.next and table.address(cursor=page.next),
            "previous": page.previous and table.address(cursor=page.previous),
            "back": table.address(cursor=table.query.cursor),
            "count": count,
            "shown_count": number_format(count, force_grouping=True),
            "is_count_cut": count < matching,
            "page_sizes": PAGE_SIZES,
        }
        return self._page(request, dataset, "rows", context)

    def add(self, request: HttpRequest, dataset_id: int) -> HttpResponse:
        dataset = self._dataset(request, dataset_id, is_changing=True)
        form = RowForm(dataset.columns.all(), row=None, data=request.POST or None)
        if request.method == "POST" and form.is_valid():
            with conflict_told_in(form):
                return saved(request, dataset, add_row(request, dataset, form))
        return self._page(request, dataset, "row", {"form": form})

    def change(self, request: HttpRequest, dataset_id: int, row_id: int) -> HttpResponse:
        dataset = self._dataset(request, dataset_id, is_changing=request.method == "POST")
        row = row_or_404(dataset, row_id)
        form = RowForm(dataset.columns.all(), row=row, data=request.POST or None)
        if not self.admin.has_change_permission(request, dataset):
            form.show_only()
        if request.method == "POST" and form.is_valid():
            with conflict_told_in(form):
                return saved(request, dataset, change_row(request, dataset, row_id, form))
        return self._page(request, dataset, "row", {"form": form, "row_id": row_id})

    def delete(self, request: HttpRequest, dataset_id: int, row_id: int) -> HttpResponse:
        dataset = self._dataset(request, dataset_id, is_changing=True)
        row_or_404(dataset, row_id)
        if request.method == "POST":
            return delete_rows(request, dataset, [row_id])
        return self._ask(request, dataset, [row_id])

    def delete_selected(self, request: HttpRequest, dataset_id: int) -> HttpResponse:
        dataset = self._dataset(request, dataset_id, is_changing=True)
        row_ids = [int(each) for each in request.POST.getlist("row") if each.isdecimal()]
        if not row_ids:
            messages.warning(request, _("Select rows first."))
            return to_list(request, dataset)
        if "confirmed" in request.POST:
            return delete_rows(request, dataset, row_ids)
        return self._ask(request, dataset, row_ids)

    def _ask(self, request: HttpRequest, dataset: Dataset, row_ids: Sequence[int]) -> HttpResponse:
        """The page that shows which rows will be gone."""
        table = RowTable(list(dataset.columns.all()), QueryDict())
        query = replace(table.query, conditions=(Condition("_id", "in", tuple(row_ids)),))
        page = datasets.page_of(dataset=dataset, query=query)
        context = {
            "table": table,
            "lines": table.lines(page.rows),
            "row_ids": row_ids,
            "unnamed": len(row_ids) - len(page.rows),
        }
        return self._page(request, dataset, "rows_delete", context)

    def _dataset(self, request: HttpRequest, dataset_id: int, is_changing: bool = False) -> Dataset:
        dataset = datasets.published().filter(pk=dataset_id).first()
        if dataset is None:
            raise Http404
        may_view = self.admin.has_view_permission(request, dataset)
        if not may_view or (is_changing and not self.admin.has_change_permission(request, dataset)):
            raise PermissionDenied
        return dataset

    def _page(
        self, request: HttpRequest, dataset: Dataset, name: str, context: dict[str, Any]
    ) -> HttpResponse:
        shared = {
            **self.site.each_context(request),
            "title": dataset.title,
            "opts": self.admin.opts,
            "original": dataset,
            "may_change": self.admin.has_change_permission(request, dataset),
            "back": request.GET.get("back", ""),
        }
        request.current_app = self.site.name
        template = f"admin/imports/dataset/{name}.html"
        return TemplateResponse(request, template, {**shared, **context})


def row_or_404(dataset: Dataset, row_id: int) -> dict[str, Any]:
    try:
        return datasets.row_of(dataset=dataset, row_id=row_id)
    except UnknownRow as error:
        raise Http404 from error


@contextmanager
def conflict_told_in(form: RowForm) -> Iterator[None]:
    try:
        yield
    except RowConflict:
        form.add_error(None, _("Another row has a value that is allowed only once."))
    except RowRefused as error:
        for name, reasons in error.errors.items():
            form.add_error(attribute(name), list(reasons))


def add_row(request: HttpRequest, dataset: Dataset, form: RowForm) -> int:
    by = signed_in(request)
    row = datasets.add_row(dataset=dataset, values=form.all_values, by=by, now=timezone.now())
    row_log.log_added(dataset=dataset, user=by, row=row)
    messages.success(request, _("Row %(row)s was added.") % {"row": row[ROW_ID]})
    return int(row[ROW_ID])


def change_row(request: HttpRequest, dataset: Dataset, row_id: int, form: RowForm) -> int:
    by = signed_in(request)
    change = datasets.change_row(
        dataset=dataset, row_id=row_id, values=form.changed_values, by=by, now=timezone.now()
    )
    row_log.log_changed(dataset=dataset, user=by, change=change)
    messages.success(request, _("Row %(row)s was saved.") % {"row": row_id})
    return row_id


def delete_rows(request: HttpRequest, dataset: Dataset, row_ids: Sequence[int]) -> HttpResponse:
    by = signed_in(request)
    gone = datasets.delete_rows(dataset=dataset, row_ids=row_ids, by=by, now=timezone.now())
    row_log.log_deleted(dataset=dataset, user=by, rows=gone)
    said = ngettext("%(count)s row was deleted.", "%(count)s rows were deleted.", len(gone))
    messages.success(request, said % {"count": len(gone)})
    return to_list(request, dataset)


def signed_in(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def saved(request: HttpRequest, dataset: Dataset, row_id: int) -> HttpResponse:
    """Where the button that was pressed leads; `back` is the list as it was left."""
    if "_continue" in request.POST:
        return HttpResponseRedirect(f"{address('row_change', dataset, row_id)}?{kept(request)}")
    if "_addanother" in request.POST:
        return HttpResponseRedirect(f"{address('row_add', dataset)}?{kept(request)}")
    return to_list(request, dataset)


def to_list(request: HttpRequest, dataset: Dataset) -> HttpResponse:
    return HttpResponseRedirect(f"{address('rows', dataset)}?{request.GET.get('back', '')}")


def kept(request: HttpRequest) -> str:
    return urlencode({"back": request.GET.get("back", "")})


def address(name: str, dataset: Dataset, *row_id: int) -> str:
    return reverse(f"admin:imports_dataset_{name}", args=[dataset.pk, *row_id])
