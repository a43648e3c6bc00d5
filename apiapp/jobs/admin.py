from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from apiapp.jobs import services
from apiapp.jobs.errors import JobHasEnded, JobNotRetryable
from apiapp.jobs.models import Job

Act = Callable[..., Job]
STATE_COLOURS = {
    Job.State.QUEUED: "info",
    Job.State.RUNNING: "warning",
    Job.State.SUCCEEDED: "success",
    Job.State.FAILED: "danger",
}


@admin.register(Job)
class JobAdmin(ModelAdmin):
    """Jobs are made by what people do elsewhere; here they are watched, cancelled and retried."""

    list_display = ("id", "task", "shown_state", "progress", "owner", "age", "error_reference")
    list_display_links = ("id", "task")
    list_filter = ("state",)
    readonly_fields = ("created_at",)
    search_fields = ("task", "owner__username", "error", "error_reference")
    list_select_related = ("owner",)
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("cancel", "retry")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("jobs.change_job"))

    @admin.action(description=_("Cancel the selected jobs"), permissions=["act"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        self._each(request, queryset, services.cancel)

    @admin.action(description=_("Retry the selected jobs"), permissions=["act"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        self._each(request, queryset, services.retry)

    def _each(self, request: HttpRequest, jobs: QuerySet[Job], act: Act) -> None:
        """Do it to each job that lets it be done, log it, and say what became of each."""
        for job in jobs:
            try:
                act(job=job, now=timezone.now())
            except (JobHasEnded, JobNotRetryable):
                words, level = _("%(job)s was left as it is: %(state)s."), messages.WARNING
            else:
                words, level = _("%(job)s is now: %(state)s."), messages.SUCCESS
                self.log_change(request, job, f"{act.__name__}: {job.state}")
            said = words % {"job": job, "state": job.get_state_display()}
            self.message_user(request, said, level)

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def shown_state(self, job: Job) -> tuple[str, Any]:
        return job.state, job.get_state_display()

    @admin.display(description=_("progress"))
    def progress(self, job: Job) -> str:
        if job.total is None:
            return f"{number_format(job.done)} {job.unit}" if job.done else ""
        return _("%(done)s of %(total)s %(unit)s") % {
            "done": number_format(job.done),
            "total": number_format(job.total),
            "unit": job.unit,
        }

    @admin.display(description=_("age"), ordering="created_at")
    def age(self, job: Job) -> str:
        return timesince(job.created_at, depth=1)
