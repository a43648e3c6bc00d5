"""The pages that show screens.  What is on them comes over sockets and from the API, by modules."""

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.generic import TemplateView

from streaming.admission import grant_for
from streaming.callers import Person
from streaming.errors import LinkNotValid, NobodyCalls, NotShared, PinWanted, UnknownScreen
from streaming.grants import Grant
from streaming.links import MARK
from streaming.services import MAIN
from streaming.shown import Shown
from streaming.views import not_open, opened_links


@method_decorator(ensure_csrf_cookie, name="dispatch")
class Page(LoginRequiredMixin, TemplateView):
    """Its modules call the API, and those that change something need the CSRF cookie."""


@never_cache
@ensure_csrf_cookie
def screen(request: HttpRequest, name: str) -> HttpResponse:
    """One screen, to whoever may look: signed in, by a link that was opened, or as anybody."""
    token = request.GET.get("token", "")
    if token.startswith(MARK):  # it is not to stay in the address
        return redirect("screen-link", name, token)
    try:
        grant = grant_for(name=name, shown=shown_by(request), now=timezone.now())
    except NobodyCalls:
        return redirect_to_login(request.get_full_path())
    except PinWanted:
        return redirect("screen-pin", name)
    except (LinkNotValid, NotShared) as error:
        return not_open(request, error)
    except UnknownScreen as error:
        raise Http404 from error
    return render(request, "streaming/screen.html", context_of(grant))


def shown_by(request: HttpRequest) -> Shown:
    caller = Person(request.user) if request.user.is_authenticated else None
    return Shown(caller=caller, opened=opened_links(request))


def context_of(grant: Grant) -> dict[str, Any]:
    title = title_of(grant)
    return {"page": "screens", "screen": grant.screen, "title": title}


def title_of(grant: Grant) -> str:
    """As on its card; to a stranger "this machine" would be their own."""
    is_ours = grant.screen.name == MAIN and not grant.screen.title
    return gettext("This machine’s screen") if is_ours and grant.is_own else str(grant.screen)


screens = Page.as_view(template_name="streaming/screens.html", extra_context={"page": "screens"})
share = Page.as_view(template_name="streaming/share.html", extra_context={"page": "share"})
