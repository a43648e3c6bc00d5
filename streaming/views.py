"""The pages behind a link: it is opened, maybe its PIN is asked for, and the screen is shown.

The token is in the address of one redirect only: in no page's address, so in no Referer.
"""

from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from streaming import grants, links, shown
from streaming.admission import COOKIE, link_that_is_opened
from streaming.errors import LinkNotValid, NotShared, ScreensError, TooMany, TooManyPins, WrongPin
from streaming.models import ScreenLink
from streaming.problems import PROBLEMS
from streaming.shown import Opened


@never_cache
@require_safe
def open_link(request: HttpRequest, name: str, token: str) -> HttpResponse:
    """Remember the link in a cookie, and go on to the screen, or to where its PIN is asked for."""
    now, address = timezone.now(), request.META.get("REMOTE_ADDR", "")
    try:
        link = link_that_is_opened(name=name, token=token, address=address, now=now)
    except (LinkNotValid, NotShared, TooMany) as error:
        return not_open(request, error)
    response = seen_other(reverse("screen-pin" if link.has_pin else "screen", args=[name]))
    remember(request, response, link, is_open=not link.has_pin)
    response["Referrer-Policy"] = "no-referrer"
    return response


@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def enter_pin(request: HttpRequest, name: str) -> HttpResponse:
    """Ask for the PIN of the link to this screen that was opened last."""
    try:
        link, is_open = newest_link(request, name)
    except (LinkNotValid, NotShared) as error:
        return not_open(request, error)
    if is_open or not link.has_pin:
        return redirect("screen", name)
    if request.method != "POST":
        return pin_form(request, link)
    now, address = timezone.now(), request.META.get("REMOTE_ADDR", "")
    pin = request.POST.get("pin", "").strip()
    try:
        links.check_pin(link=link, pin=pin, address=address, now=now)
    except (WrongPin, TooManyPins) as error:
        return pin_form(request, link, error)
    response = seen_other(reverse("screen", args=[name]))
    remember(request, response, link, is_open=True)
    return response


def newest_link(request: HttpRequest, name: str) -> tuple[ScreenLink, bool]:
    """The link to this screen that was opened last; whether its PIN was given.

    Raises LinkNotValid, NotShared.
    """
    opened = {each.link_id: each for each in opened_links(request)}
    found = ScreenLink.objects.select_related("screen").filter(pk__in=opened, screen__name=name)
    known = [link for link in found if opened[link.pk].is_of(link)]
    if not known:
        raise LinkNotValid
    link = max(known, key=lambda each: list(opened).index(each.pk))
    error = grants.what_is_wrong(link.screen, link, now=timezone.now())
    if error:
        raise error
    return link, opened[link.pk].is_open


def pin_form(
    request: HttpRequest, link: ScreenLink, error: WrongPin | TooManyPins | None = None
) -> HttpResponse:
    context = {"screen": link.screen, "page": "link", "error": error}
    response = render(request, "streaming/link_pin.html", context, status=status_of(error))
    add_headers(response, error)
    return response


def not_open(request: HttpRequest, error: ScreensError) -> HttpResponse:
    """The page that says why a link does not open, and what to do."""
    context = {"error": error, "page": "link"}
    response = render(request, "streaming/link_not_valid.html", context, status=status_of(error))
    response["Referrer-Policy"] = "no-referrer"  # the token is in the address of this one
    add_headers(response, error)
    return response


def status_of(error: ScreensError | None) -> int:
    if error is None:
        return HTTPStatus.OK
    return next(PROBLEMS[cls][0] for cls in type(error).__mro__ if cls in PROBLEMS)


def add_headers(response: HttpResponse, error: ScreensError | None) -> None:
    if isinstance(error, TooMany):
        for name, value in error.headers.items():
            response[name] = value


def seen_other(where: str) -> HttpResponse:
    """303 (RFC 9110, section 15.4.4): to be read with GET, whatever was sent."""
    return HttpResponse(status=HTTPStatus.SEE_OTHER, headers={"Location": where})


def opened_links(request: HttpRequest) -> tuple[Opened, ...]:
    text = request.COOKIES.get(COOKIE, "")
    return shown.loads(text, server_secret=settings.SECRET_KEY, now=timezone.now())


def remember(
    request: HttpRequest, response: HttpResponse, link: ScreenLink, *, is_open: bool
) -> None:
    now = timezone.now()
    opened = shown.with_link(opened_links(request), link, is_open=is_open, now=now)
    response.set_cookie(
        COOKIE,
        shown.dumps(opened, server_secret=settings.SECRET_KEY),
        max_age=shown.max_age_s(opened, now=now),
        secure=request.is_secure() or bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Lax",
    )
