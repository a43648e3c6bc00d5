"""The pages people open, outside the admin.  What is on them comes from the API by modules."""

from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import LoginView, LogoutView
from django.views.generic import TemplateView


class Page(LoginRequiredMixin, TemplateView):
    """A page for somebody signed in; `extra_context["page"]` is its entry in the top bar."""


home = Page.as_view(template_name="home.html", extra_context={"page": "home"})
importing = Page.as_view(template_name="import.html", extra_context={"page": "import"})
jobs = Page.as_view(template_name="jobs.html", extra_context={"page": "jobs"})
datasets = Page.as_view(template_name="datasets.html", extra_context={"page": "datasets"})
login = LoginView.as_view(
    template_name="login.html", redirect_authenticated_user=True, extra_context={"page": "login"}
)
logout = LogoutView.as_view()
