"""The one table from error to status, answered as application/problem+json (RFC 9457)."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import Http404, UnreadablePostError
from django.utils.module_loading import import_string
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from apiapp import signing
from apiapp.examples import errors as examples
from apiapp.http import errors as http
from apiapp.http import request_ids
from apiapp.http.renderers import PROBLEM_XML
from apiapp.idempotency import errors as idempotency
from apiapp.imports import errors as imports
from apiapp.imports.altering import errors as columns
from apiapp.imports.edits import errors as edits
from apiapp.imports.exports import errors as exports
from apiapp.jobs import errors as jobs
from apiapp.keys import authentication
from apiapp.keys import errors as keys
from apiapp.monitoring import errors as monitoring
from apiapp.outbound import errors as outbound
from apiapp.payments import errors as payments
from apiapp.uploads import errors as uploads
from apiapp.uploads import resumable_errors as resumable
from apiapp.webhooks import errors as webhooks

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
TITLES = {460: "Checksum Mismatch"}  # of tus, and in no list of HTTP's
TYPE_PREFIX = "urn:sluice:problem:"
# Those that are in IANA's registry, with the titles that they have there.
REGISTRY = "https://iana.org/assignments/http-problem-types#"
REGISTERED = {
    "mismatching-upload-offset": "Mismatching Upload Offset",
    "inconsistent-upload-length": "Inconsistent Upload Length Values",
    "digest-unsupported-algorithms": "Unsupported Hashing Algorithms",
    "digest-invalid-values": "Invalid Digest Values",
    "digest-mismatched-values": "Mismatched Digest Values",
}
HYPHENATED = ("expected_offset", "provided_offset")  # as members are written there
CONTENT_TYPES = {"json": CONTENT_TYPE, "xml": PROBLEM_XML}

BROKEN = "Something went wrong here; the log has it under the request id {}."

# The nearest listed class of an error counts; attributes of the error become members.
PROBLEMS: dict[type[Exception], tuple[int, str]] = {
    http.BodyTooLarge: (413, "body-too-large"),
    http.EncodedBody: (415, "encoded-body"),
    http.BodyTooDeep: (400, "body-too-deep"),
    http.TooManyFields: (400, "too-many-fields"),
    http.PreconditionFailed: (412, "precondition-failed"),
    http.BadCondition: (400, "bad-condition"),
    http.BadParameter: (400, "bad-parameter"),
    idempotency.BadKey: (400, "bad-idempotency-key"),
    idempotency.KeyReused: (422, "idempotency-key-reused"),
    idempotency.StillInProgress: (409, "still-in-progress"),
    keys.TooManyRequests: (429, "too-many-requests"),
    authentication.LoginsThrottled: (429, "too-many-logins"),
    keys.BadCredentials: (401, "bad-credentials"),
    keys.UnknownScope: (422, "unknown-scope"),
    keys.UnknownUser: (404, "unknown-user"),
    keys.LinkNotValid: (410, "link-not-valid"),
    jobs.UnknownJob: (404, "not-found"),
    jobs.JobHasEnded: (409, "job-has-ended"),
    jobs.JobNotRetryable: (409, "job-not-retryable"),
    uploads.UnknownUpload: (404, "not-found"),
    uploads.UploadGone: (410, "gone"),
    uploads.UploadNotFinished: (409, "not-finished"),
    uploads.RangeNotSatisfiable: (416, "range-not-satisfiable"),
    uploads.TakenOver: (409, "taken-over"),
    uploads.UploadLocked: (423, "upload-locked"),
    uploads.OffsetMismatch: (409, "offset-mismatch"),
    uploads.LengthMismatch: (400, "length-mismatch"),
    uploads.BytesMissing: (409, "bytes-missing"),
    uploads.NotAppendable: (403, "not-appendable"),
    uploads.BadParts: (400, "bad-parts"),
    uploads.BadHeader: (400, "bad-header"),
    uploads.WrongTusVersion: (412, "wrong-tus-version"),
    uploads.WrongBodyType: (415, "unsupported-media-type"),
    uploads.BodyMismatch: (460, "body-mismatch"),
    uploads.WrongMethod: (405, "method-not-allowed"),
    uploads.TooManyUploads: (429, "too-many-uploads"),
    uploads.NotReceiving: (409, "not-receiving"),
    uploads.IdentifierUsed: (422, "identifier-used"),
    uploads.WriterStopped: (409, "not-receiving"),
    uploads.StoredFileMissing: (410, "bytes-gone"),
    uploads.FileTooLarge: (413, "file-too-large"),
    uploads.QuotaExceeded: (413, "quota-exceeded"),
    uploads.BodyTooLarge: (413, "body-too-large"),
    uploads.DiskFull: (507, "disk-full"),
    uploads.TooManyChunks: (422, "too-many-chunks"),
    uploads.BadChunkIndex: (422, "bad-chunk-index"),
    uploads.WrongChunkLength: (422, "wrong-chunk-length"),
    uploads.ChecksumMismatch: (422, "checksum-mismatch"),
    uploads.ChunksMissing: (409, "chunks-missing"),
    uploads.WrongTotalChunks: (422, "wrong-total-chunks"),
    uploads.BadChecksum: (400, "bad-checksum"),
    uploads.NotAForm: (415, "unsupported-media-type"),
    uploads.BadForm: (400, "bad-form"),
    uploads.NoFile: (422, "no-file"),
    uploads.EmptyFile: (422, "empty-file"),
    uploads.TooManyFiles: (422, "too-many-files"),
    uploads.BodyStalled: (408, "body-stalled"),
    uploads.BodiesNotServedHere: (501, "not-served-here"),
    resumable.MismatchingUploadOffset: (409, "mismatching-upload-offset"),
    resumable.InconsistentUploadLength: (400, "inconsistent-upload-length"),
    resumable.UnsupportedDigests: (400, "digest-unsupported-algorithms"),
    resumable.InvalidDigest: (400, "digest-invalid-values"),
    resumable.MismatchedDigest: (400, "digest-mismatched-values"),
    uploads.StoreUnavailable: (503, "store-unavailable"),
    uploads.UploadError: (400, "bad-upload"),
    exports.TooManyExports: (429, "too-many-exports"),
    imports.ImportFailed: (422, "import-failed"),
    imports.UnreadableFile: (422, "unreadable-file"),
    imports.DatabaseFull: (507, "disk-full"),
    imports.BadDialect: (422, "bad-dialect"),
    imports.BadColumns: (422, "bad-columns"),
    imports.BadKey: (422, "bad-key"),
    imports.BadRows: (422, "bad-rows"),
    imports.BadName: (422, "bad-name"),
    imports.NotYourself: (403, "forbidden"),
    imports.UnknownImport: (404, "not-found"),
    imports.NotUndoable: (409, "not-undoable"),
    imports.UndoBlocked: (409, "undo-blocked"),
    imports.HistoryGone: (410, "history-gone"),
    imports.NotContinuable: (409, "not-continuable"),
    imports.SameFile: (409, "same-file"),
    imports.FileGone: (410, "bytes-gone"),
    imports.DatasetExists: (409, "dataset-exists"),
    imports.UnknownDataset: (404, "not-found"),
    imports.NotPermitted: (403, "forbidden"),
    imports.UnknownGrant: (404, "not-found"),
    imports.BadGrantee: (422, "invalid"),
    imports.DatasetBusy: (409, "dataset-busy"),
    imports.TableInUse: (409, "table-in-use"),
    columns.CellsRefused: (422, "cells-refused"),
    columns.ColumnGone: (410, "history-gone"),
    imports.UnknownDatasetColumn: (404, "not-found"),
    imports.UnknownRow: (404, "not-found"),
    edits.UnknownEvent: (404, "not-found"),
    edits.EditNotUndoable: (409, "not-undoable"),
    imports.RowRefused: (422, "invalid"),
    imports.RowsRefused: (422, "invalid"),
    imports.TooManyRows: (413, "too-many-rows"),
    imports.RowConflict: (409, "row-conflict"),
    imports.UnknownColumn: (400, "unknown-column"),
    imports.BadFilterValue: (400, "bad-filter-value"),
    imports.BadRowQuery: (400, "bad-row-query"),
    imports.StatisticsTooSlow: (503, "statistics-too-slow"),
    monitoring.UnknownRule: (404, "not-found"),
    monitoring.UnknownAlert: (404, "not-found"),
    outbound.UnknownConnection: (404, "not-found"),
    outbound.UnknownCall: (404, "not-found"),
    outbound.NameTaken: (409, "name-taken"),
    outbound.ConnectionGone: (409, "connection-gone"),
    outbound.FileGone: (409, "file-gone"),
    outbound.FilesNotAllowed: (403, "forbidden"),
    outbound.SecretLost: (409, "secret-lost"),
    outbound.TooManyCalls: (429, "too-many-calls"),
    webhooks.UnknownSubscription: (404, "not-found"),
    webhooks.UnknownDelivery: (404, "not-found"),
    webhooks.UnknownSource: (404, "not-found"),
    webhooks.SubscriptionPaused: (409, "subscription-paused"),
    webhooks.TooManySubscriptions: (409, "too-many-subscriptions"),
    webhooks.SourceTaken: (409, "name-taken"),
    signing.BadSecret: (422, "bad-secret"),
    webhooks.NotVerified: (400, "not-verified"),
    payments.UnknownPayment: (404, "not-found"),
    payments.NoGateway: (409, "no-gateway"),
    payments.OrderHasPayment: (409, "order-has-payment"),
    payments.NotRefundable: (409, "not-refundable"),
    payments.RefundTooLarge: (422, "refund-too-large"),
    payments.BadSignature: (400, "bad-signature"),
    payments.BadReport: (422, "bad-report"),
    RequestDataTooBig: (413, "body-too-large"),
    TooManyFieldsSent: (400, "too-many-fields"),
    TooManyFilesSent: (400, "too-many-files"),
    UnreadablePostError: (400, "unreadable-body"),
    SuspiciousOperation: (400, "bad-request"),
    examples.UnknownRow: (404, "not-found"),
    examples.NotYours: (403, "forbidden"),
    examples.IdTaken: (409, "id-taken"),
    examples.UnknownParameter: (400, "unknown-parameter"),
    Http404: (404, "not-found"),
    PermissionDenied: (403, "forbidden"),
    exceptions.ValidationError: (422, "invalid"),
    exceptions.ParseError: (400, "unreadable-body"),
    exceptions.NotAuthenticated: (401, "not-authenticated"),
    exceptions.AuthenticationFailed: (401, "bad-credentials"),
    exceptions.PermissionDenied: (403, "forbidden"),
    exceptions.NotFound: (404, "not-found"),
    exceptions.MethodNotAllowed: (405, "method-not-allowed"),
    exceptions.NotAcceptable: (406, "not-acceptable"),
    exceptions.UnsupportedMediaType: (415, "unsupported-media-type"),
    exceptions.Throttled: (429, "too-many-requests"),
}
for path in settings.PROBLEM_TABLES:  # of what the project puts beside apiapp
    PROBLEMS.update(import_string(path))


@dataclass(frozen=True)
class Problem:
    """What went wrong, ready to be answered.

    instance: the request id.  facts: the error's own, as extra members.
    """

    status: int
    type: str
    detail: str
    instance: str
    facts: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "type": uri_of(self.type),
            "title": REGISTERED.get(self.type) or title_of(self.status),
            "status": self.status,
            "detail": self.detail,
            "instance": self.instance,
            **self.facts,
        }


def uri_of(type_: str) -> str:
    return (REGISTRY if type_ in REGISTERED else TYPE_PREFIX) + type_


def title_of(status: int) -> str:
    return TITLES[status] if status in TITLES else HTTPStatus(status).phrase


def listed(error: Exception) -> tuple[int, str] | None:
    """(status, type) of `error`, by its nearest listed class; None: unplanned."""
    return listed_as(type(error))


def listed_as(kind: type[Exception]) -> tuple[int, str] | None:
    """The same of every error of this class."""
    return next((PROBLEMS[cls] for cls in kind.__mro__ if cls in PROBLEMS), None)


def problem_for(error: Exception) -> Problem:
    """The problem to answer.  What is not listed is a bug: logged, and told only by reference."""
    found, request_id = listed(error), request_ids.current()
    if found is None:
        logger.error("unplanned error in request %s", request_id, exc_info=error)
        return Problem(500, "internal-error", BROKEN.format(request_id), request_id)
    return Problem(
        *found, detail_of(error), request_id, facts=facts_of(error), headers=headers_of(error)
    )


def detail_of(error: Exception) -> str:
    if isinstance(error, SuspiciousOperation | UnreadablePostError):
        return "This request is not one that can be answered."
    if isinstance(error, Http404 | exceptions.NotFound):
        return "There is nothing here, or it is not yours."
    if isinstance(error, exceptions.ValidationError):
        return "Some fields are not right; see errors."
    if isinstance(error, exceptions.APIException):
        return str(error.detail)
    return str(error) or "This is not allowed."


def facts_of(error: Exception) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        return {"errors": error.detail}
    if isinstance(error, exceptions.APIException):
        return {}
    facts = {name: value for name, value in vars(error).items() if not name.startswith("_")}
    return {written(name): value for name, value in facts.items()}


def written(name: str) -> str:
    return name.replace("_", "-") if name in HYPHENATED else name


def headers_of(error: Exception) -> dict[str, str]:
    headers = dict(getattr(error, "headers", {}))
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    return headers


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """DRF's EXCEPTION_HANDLER.  The browsable API shows the problem on a page, as HTML."""
    problem = problem_for(error)
    set_rollback()
    response = Response(problem.as_json(), status=problem.status, headers=problem.headers)
    renderer = getattr(context["request"], "accepted_renderer", None)
    response.content_type = CONTENT_TYPES.get(renderer.format if renderer else "json")
    return response
