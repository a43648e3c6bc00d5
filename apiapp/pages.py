"""The pages people open, outside the admin.  What is on them comes from the API by modules."""

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import LoginView, LogoutView
from django.http import Http404
from django.views.generic import TemplateView

from apiapp.imports import datasets as dataset_services
from apiapp.imports.errors import UnknownDataset
from apiapp.keys.callers import person


class Page(LoginRequiredMixin, TemplateView):
    """A page for somebody signed in; `extra_context["page"]` is its entry in the top bar."""


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


home = Page.as_view(template_name="home.html", extra_context={"page": "home"})
importing = Page.as_view(template_name="import.html", extra_context={"page": "import"})
jobs = Page.as_view(template_name="jobs.html", extra_context={"page": "jobs"})
dataset = DatasetPage.as_view()
datasets = Page.as_view(template_name="datasets.html", extra_context={"page": "datasets"})
login = LoginView.as_view(
    template_name="login.html", redirect_authenticated_user=True, extra_context={"page": "login"}
)
logout = LogoutView.as_view()
