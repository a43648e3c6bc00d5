"""/api/screens/: screens, the links to them, and who watched, over REST."""

from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import URLPattern
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from apiapp.http.conditional import described, etag_of, is_conditional, require_match
from apiapp.http.promises import conditional, refuses
from apiapp.http.views import ApiView
from apiapp.idempotency.decorators import idempotent
from apiapp.keys.authentication import caller_of
from apiapp.urls import both
from streaming import configured, links, qr, services, sessions
from streaming.callers import SCOPE
from streaming.errors import BadScreenName, MainStays, NameTaken, NotYours, SourceNotAllowed
from streaming.models import Screen, ScreenLink, ViewSession
from streaming.serializers import (
    LinkDetail,
    MadeLink,
    NewLink,
    NewScreen,
    ScreenChange,
    ScreenDetail,
    SessionDetail,
)

TEAM = OpenApiExample(
    "to publish from a browser", request_only=True, value={"name": "team", "title": "Our team"}
)
SHARED = OpenApiExample("share it", request_only=True, value={"sharing": "link"})
FOR_A_DAY = OpenApiExample(
    "for a day, with a PIN",
    request_only=True,
    value={"note": "the client", "expires_s": 86_400, "pin": "4711"},
)


class ScreenList(ApiView, generics.ListAPIView[Screen]):
    """GET: the caller's screens and those that are public, newest first.  POST: make one."""

    scope = SCOPE
    serializer_class = ScreenDetail

    def get_queryset(self) -> QuerySet[Screen]:
        configured.main_screen()
        return with_viewers(services.visible_to(caller_of(self.request)))

    @extend_schema(request=NewScreen, responses={201: ScreenDetail}, examples=[TEAM])
    @refuses(BadScreenName, SourceNotAllowed, NameTaken)
    @idempotent()
    def post(self, request: Request) -> Response:
        wanted = NewScreen(data=request.data)
        wanted.is_valid(raise_exception=True)
        made = services.create_screen(caller=caller_of(request), **wanted.validated_data)
        response = answer(request, made)
        response.status_code = status.HTTP_201_CREATED
        response["Location"] = reverse("api-screen", [made.name], request=request)
        return response


class ScreenView(ApiView):
    scope = SCOPE

    @extend_schema(responses=ScreenDetail)
    def get(self, request: Request, name: str) -> Response:
        """One screen, and how it is now."""
        return answer(request, configured.visible_screen(caller=caller_of(request), name=name))

    @extend_schema(request=ScreenChange, responses=ScreenDetail, examples=[SHARED])
    @conditional
    @refuses(SourceNotAllowed, NotYours)
    def patch(self, request: Request, name: str) -> Response:
        """Change what is named; who may not look any more is sent away within a second."""
        screen = screen_of(request, name)
        wanted = ScreenChange(data=request.data)
        wanted.is_valid(raise_exception=True)
        changed = services.change_screen(
            caller=caller_of(request),
            screen=screen,
            changes=wanted.validated_data,
            agree=partial(require_unchanged, request),
        )
        return answer(request, changed)

    @extend_schema(responses={204: None})
    @conditional
    @refuses(MainStays, NotYours)
    def delete(self, request: Request, name: str) -> Response:
        """Delete the screen, its links and the record of who watched it."""
        screen = screen_of(request, name)
        services.delete_screen(
            screen=screen,
            now=timezone.now(),
            agree=partial(require_unchanged, request),
            tell=configured.tell,
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class ScreenStop(ApiView):
    """POST: send away everybody who watches, and the publisher.

    Who may watch may come again: to keep them out, switch sharing off.
    """

    scope = SCOPE

    @extend_schema(request=None, responses=ScreenDetail)
    @refuses(NotYours)
    def post(self, request: Request, name: str) -> Response:
        screen = screen_of(request, name)
        return answer(
            request, services.stop(screen=screen, now=timezone.now(), tell=configured.tell)
        )


class LinkList(ApiView, generics.ListAPIView[ScreenLink]):
    """GET: the links to a screen, newest first.  POST: make a link.

    Its address is in the answer to POST alone, and nowhere kept: so a POST that is sent twice makes
    two.  A screen that was not shared is shared by link from then on.
    """

    scope = SCOPE
    serializer_class = LinkDetail

    def get_queryset(self) -> QuerySet[ScreenLink]:
        found = links.links_of(screen_of(self.request, self.kwargs["name"]))
        return sessions.links_with_viewers(found, now=timezone.now())

    @refuses(NotYours)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(request=NewLink, responses={201: MadeLink}, examples=[FOR_A_DAY])
    @refuses(NotYours)
    def post(self, request: Request, name: str) -> Response:
        screen = screen_of(request, name)
        wanted = NewLink(data=request.data)
        wanted.is_valid(raise_exception=True)
        link, token = links.create_link(
            screen=screen,
            created_by=caller_of(request),
            server_secret=settings.SECRET_KEY,
            now=timezone.now(),
            **wanted.validated_data,
        )
        url = reverse("screen-link", [name, token], request=request)
        made = {**link_as_json(link), "url": url, "qr_svg": qr.svg(url)}
        where = reverse("api-screen-link", [name, link.pk], request=request)
        return Response(made, status=status.HTTP_201_CREATED, headers={"Location": where})


class LinkView(ApiView):
    scope = SCOPE

    @extend_schema(responses=LinkDetail)
    @refuses(NotYours)
    def get(self, request: Request, name: str, link_id: int) -> Response:
        """One link, without its address."""
        return Response(link_as_json(link_of(request, name, link_id)))

    @extend_schema(responses={204: None})
    @refuses(NotYours)
    def delete(self, request: Request, name: str, link_id: int) -> Response:
        """Revoke the link: who watches by it is sent away within a second."""
        links.revoke(link=link_of(request, name, link_id), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class SessionList(ApiView, generics.ListAPIView[ViewSession]):
    """GET: who watched the screen, when and how much, newest first; kept for 90 days."""

    scope = SCOPE
    serializer_class = SessionDetail

    def get_queryset(self) -> QuerySet[ViewSession]:
        return sessions.sessions_of(screen_of(self.request, self.kwargs["name"]))

    @refuses(NotYours)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


def screen_of(request: Request, name: str) -> Screen:
    """Raises UnknownScreen, NotYours."""
    return configured.own_screen(caller=caller_of(request), name=name)


def link_of(request: Request, name: str, link_id: int) -> ScreenLink:
    """Raises UnknownScreen, NotYours, UnknownLink."""
    return links.get_link(screen=screen_of(request, name), link_id=link_id)


def with_viewers(screens: QuerySet[Screen]) -> QuerySet[Screen]:
    return sessions.screens_with_viewers(screens, now=timezone.now())


def as_json(request: Request, screen: Screen) -> Any:
    now_so = with_viewers(Screen.objects.select_related("owner")).get(pk=screen.pk)
    return ScreenDetail(now_so, context={"request": request}).data


def link_as_json(link: ScreenLink) -> Any:
    found = ScreenLink.objects.filter(pk=link.pk)
    return LinkDetail(sessions.links_with_viewers(found, now=timezone.now()).get()).data


def answer(request: Request, screen: Screen) -> Response:
    data = as_json(request, screen)
    return Response(data, headers=described(etag_of(data)))


def require_unchanged(request: Request, screen: Screen) -> None:
    """Raises PreconditionFailed."""
    if is_conditional(request):
        require_match(request, etag=etag_of(as_json(request, screen)))


urlpatterns: list[URLPattern] = [
    *both("api/screens", ScreenList.as_view(), "api-screens"),
    *both("api/screens/<str:name>", ScreenView.as_view(), "api-screen"),
    *both("api/screens/<str:name>/stop", ScreenStop.as_view(), "api-screen-stop"),
    *both("api/screens/<str:name>/links", LinkList.as_view(), "api-screen-links"),
    *both("api/screens/<str:name>/links/<int:link_id>", LinkView.as_view(), "api-screen-link"),
    *both("api/screens/<str:name>/sessions", SessionList.as_view(), "api-screen-sessions"),
]
