"""What all views of one dataset have in common."""

from rest_framework.request import Request

from apiapp.http.conditional import etag_of, is_conditional, require_match
from apiapp.http.views import ApiView
from apiapp.imports import datasets, events
from apiapp.imports.dataset_serializers import DatasetDetail
from apiapp.imports.models import Dataset, Role
from apiapp.keys import scopes
from apiapp.keys.authentication import caller_of


class DatasetScopes:
    read_scope = scopes.DATASETS_READ
    write_scope = scopes.DATASETS_WRITE


class OneDataset(DatasetScopes, ApiView):
    dataset_read: Dataset | None = None

    def dataset(self, slug: str, *, needs: Role = Role.VIEWER) -> Dataset:
        """The dataset, if the caller may what a `needs` may.  Raises UnknownDataset, NotPermitted."""
        self.dataset_read = datasets.dataset_of(
            caller=caller_of(self.request), slug=slug, needs=needs
        )
        return self.dataset_read


def etag_of_dataset(request: Request, dataset: Dataset) -> str:
    """Another one after each change of the dataset, its columns or its rows.

    An event is committed with the rows that it tells of; how many there are is said right after.
    """
    data = DatasetDetail(dataset, context={"request": request}).data
    return etag_of([data, events.newest_id(dataset)])


def require_unchanged(request: Request, dataset: Dataset) -> None:
    """Raises PreconditionFailed."""
    if is_conditional(request):
        etag = etag_of_dataset(request, dataset)
        require_match(request, etag=etag, modified_at=dataset.updated_at)
