"""What a request gets that no view answers: a page for people, a problem for programs."""

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults

from apiapp import problems
from apiapp.http import request_ids
from apiapp.http.json_text import dump


def is_for_people(request: HttpRequest) -> bool:
    """Whether a browser asks for a page; under /api/ there are none."""
    return "text/html" in request.META.get("HTTP_ACCEPT", "") and not request.path_info.startswith(
        "/api/"
    )


def as_response(problem: problems.Problem) -> HttpResponse:
    return HttpResponse(
        dump(problem.as_json()),
        status=problem.status,
        content_type=problems.CONTENT_TYPE,
        headers=problem.headers,
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_for_people(request):
        return defaults.page_not_found(request, exception)
    return as_response(problems.problem_for(Http404()))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_for_people(request):
        return defaults.permission_denied(request, exception)
    return as_response(problems.problem_for(PermissionDenied()))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A host that is not ours, a body of too many fields, ...; what it was is in the log."""
    if is_for_people(request):
        return defaults.bad_request(request, exception)
    known = exception if problems.listed(exception) else SuspiciousOperation()
    return as_response(problems.problem_for(known))


def broken(request: HttpRequest) -> HttpResponse:
    """Django has logged the error, with the request id that is told here."""
    request_id = request_ids.current()
    if is_for_people(request):
        return render(None, "500.html", {"request_id": request_id}, status=500)
    detail = problems.BROKEN.format(request_id)
    return as_response(problems.Problem(500, "internal-error", detail, request_id))
