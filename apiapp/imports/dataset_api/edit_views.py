"""/api/datasets/{slug}/history/{id}/undo/: changes of rows by hand, taken back."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apiapp.http.promises import refuses
from apiapp.idempotency.decorators import idempotent
from apiapp.imports import events
from apiapp.imports.dataset_api.base import OneDataset
from apiapp.imports.dataset_serializers import EventDetail
from apiapp.imports.edits import undoing
from apiapp.imports.edits.errors import EditNotUndoable
from apiapp.imports.errors import NotPermitted, RowConflict, UndoBlocked
from apiapp.imports.models import Role
from apiapp.imports.routers import DATASETS
from apiapp.keys.authentication import caller_of


class EditUndo(OneDataset):
    @extend_schema(request=None, responses=EventDetail)
    @refuses(EditNotUndoable, UndoBlocked, RowConflict, NotPermitted)
    @idempotent(using=DATASETS)
    def post(self, request: Request, slug: str, event_id: int) -> Response:
        """Take back rows that were added, changed or deleted by hand; the answer is the new event.

        It can be taken back itself.  What is more than 10,000 cells stays.
        """
        dataset = self.dataset(slug, needs=Role.EDITOR)
        by = caller_of(request).user
        told = undoing.undo(dataset=dataset, event_id=event_id, by=by, now=timezone.now())
        return Response(EventDetail(events.of_dataset(dataset).get(pk=told.pk)).data)
