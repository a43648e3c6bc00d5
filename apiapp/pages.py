"""The pages people open, outside the admin.  What is on them comes from the API by modules."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin, UserPassesTestMixin
from django.contrib.auth.views import LoginView, LogoutView
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone, translation
from django.views.decorators.cache import cache_control
from django.views.generic import TemplateView

from apiapp.examples.catalogue import EXAMPLES, FORM, STREAM, Example
from apiapp.http.certificates import PUBLIC_FILE, fingerprint_of
from apiapp.imports import datasets as dataset_services
from apiapp.imports.errors import UnknownDataset
from apiapp.keys.callers import person
from apiapp.module_words import all_words
from apiapp.monitoring import services as monitoring
from apiapp.trusting import systems_for

WORDS_KEPT_S = 300  # as long as the modules themselves, see WHITENOISE_MAX_AGE


class Page(LoginRequiredMixin, TemplateView):
    """A page for somebody signed in; `extra_context["page"]` is its entry in the top bar."""


class StaffPage(UserPassesTestMixin, TemplateView):
    """A page for staff: strangers are sent to sign in, others are told that they may not see it."""

    def test_func(self) -> bool:
        user = self.request.user
        return user.is_active and bool(getattr(user, "is_staff", False))


class HomePage(TemplateView):
    """The gates for who is signed in; for a stranger what this server is, and the way in."""

    extra_context = {"page": "home"}

    def get_template_names(self) -> list[str]:
        return ["home.html" if self.request.user.is_authenticated else "welcome.html"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if not self.request.user.is_authenticated:
            kwargs["is_ready"] = not monitoring.missing_parts(now=timezone.now())
        return super().get_context_data(**kwargs)


class DatasetPage(Page):
    template_name = "dataset.html"
    extra_context = {"page": "datasets"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        assert self.request.user.is_authenticated  # see LoginRequiredMixin
        caller = person(self.request.user)
        try:
            dataset = dataset_services.dataset_of(caller=caller, slug=kwargs["slug"])
        except UnknownDataset as error:
            raise Http404 from error
        row_count = f"{dataset.row_count:,}"  # as the modules write it, in both languages
        return super().get_context_data(dataset=dataset, row_count=row_count, **kwargs)


class ExamplesPage(TemplateView):
    """Open to everybody, as the examples are."""

    template_name = "examples.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        examples = [as_shown(each) for each in EXAMPLES]
        return super().get_context_data(page="examples", examples=examples, **kwargs)


class HttpsPage(TemplateView):
    """How to trust this server; without HTTPS, why and how to have it.  Open to everybody.

    Also over plain HTTP, where browsers keep no secure cookie: the language is chosen by address.
    """

    template_name = "https.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        language = request.GET.get("language", "")
        if language in dict(settings.LANGUAGES):
            translation.activate(language)
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if settings.SERVE_HTTPS:
            request = self.request
            kwargs |= {
                "fingerprint": fingerprint_of(settings.SLUICE_HOME / PUBLIC_FILE),
                "systems": systems_for(request.headers.get("user-agent", "")),
                "secure_address": f"https://{request.get_host()}/",
                "other_languages": [
                    each for each in settings.LANGUAGES if each[0] != translation.get_language()
                ],
            }
        return super().get_context_data(page="https", **kwargs)


def certificate_authority(request: HttpRequest) -> HttpResponse:
    """The certificate to trust, as devices like to have it."""
    if not settings.SERVE_HTTPS:
        raise Http404
    content = (settings.SLUICE_HOME / PUBLIC_FILE).read_bytes()
    return HttpResponse(content, content_type="application/x-x509-ca-cert")


def as_shown(example: Example) -> dict[str, Any]:
    """What examples_page.js needs of it, there the type Example; what is empty is left out."""
    is_form = example.content_type == FORM
    facts = {
        "name": example.name,
        "title": str(example.title).removeprefix(example.method).lstrip(" :："),
        "method": example.method,
        "path": example.path,
        "query": list(example.query.items()),
        "headers": list(example.headers.items()),
        "contentType": example.content_type,
        "text": "" if is_form else example.sent_body,
        "form": list(example.body.items()) if is_form else [],
        "status": example.status,
        "answerType": example.answer_type,
        "answer": example.answered_body,
        "twin": example.twin,
        "comesInPieces": example is STREAM,
    }
    return {name: fact for name, fact in facts.items() if fact}


@cache_control(public=True, max_age=WORDS_KEPT_S)
def file_keeper(request: HttpRequest) -> HttpResponse:
    """Golden Retriever's service worker: it may serve the pages at and below its own address."""
    path = finders.find("vendor/uppy/ServiceWorker.js")
    assert path
    return HttpResponse(Path(path).read_bytes(), content_type="text/javascript")


@cache_control(public=True, max_age=WORDS_KEPT_S)
def words(request: HttpRequest, language: str) -> JsonResponse:
    """Every word of the modules, for those that a page fetches later."""
    if language not in dict(settings.LANGUAGES):
        raise Http404
    return JsonResponse(all_words(language), json_dumps_params={"ensure_ascii": False})


home = HomePage.as_view()
examples = ExamplesPage.as_view()
https = HttpsPage.as_view()
importing = Page.as_view(template_name="import.html", extra_context={"page": "import"})
uploads = Page.as_view(template_name="uploads.html", extra_context={"page": "uploads"})
jobs = Page.as_view(template_name="jobs.html", extra_context={"page": "jobs"})
dataset = DatasetPage.as_view()
datasets = Page.as_view(template_name="datasets.html", extra_context={"page": "datasets"})
monitor = StaffPage.as_view(template_name="monitor.html", extra_context={"page": "monitor"})
login = LoginView.as_view(
    template_name="login.html", redirect_authenticated_user=True, extra_context={"page": "login"}
)
logout = LogoutView.as_view()
