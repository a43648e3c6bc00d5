from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import display

from apiapp.uploads import configured, services
from apiapp.uploads.errors import UnknownUpload
from apiapp.uploads.models import Upload

AT_ONCE = 1000
NAMES_SHOWN = 50
STATE_COLOURS = {
    Upload.State.RECEIVING: "info",
    Upload.State.VERIFYING: "warning",
    Upload.State.FINISHED: "success",
    Upload.State.FAILED: "danger",
}


@admin.register(Upload)
class UploadAdmin(ModelAdmin):
    """Uploads are made by sending files; here they are looked at and removed, bytes and all."""

    list_display = (
        "filename",
        "owner",
        "protocol",
        "shown_state",
        "shown_size",
        "progress",
        "rate",
        "age",
        "expires",
    )
    list_filter = ("state", "protocol")
    search_fields = ("filename", "file_id", "owner__username", "md5", "sha256")
    list_select_related = ("owner",)
    ordering = ("-created_at",)
    show_full_result_count = False
    actions = ("terminate", "purge")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Upload) -> None:
        services.remove(obj, store=configured.store(), now=timezone.now())

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without Django's own, which would list every row that goes with an upload."""
        found = super().get_actions(request)
        found.pop("delete_selected", None)
        return found

    @admin.action(
        description=_("Terminate the selected uploads that are not finished"),
        permissions=["delete"],
    )
    def terminate(self, request: HttpRequest, queryset: QuerySet[Upload]) -> HttpResponse | None:
        unfinished = queryset.exclude(state=Upload.State.FINISHED)
        return self._remove(request, unfinished, action="terminate", title=_("Terminate uploads?"))

    @admin.action(
        description=_("Purge the selected uploads, finished files too"), permissions=["delete"]
    )
    def purge(self, request: HttpRequest, queryset: QuerySet[Upload]) -> HttpResponse | None:
        return self._remove(request, queryset, action="purge", title=_("Purge uploads?"))

    def _remove(
        self, request: HttpRequest, queryset: QuerySet[Upload], *, action: str, title: Any
    ) -> HttpResponse | None:
        """Ask whether it is meant; the second time, do it."""
        uploads = list(queryset.select_related("owner")[: AT_ONCE + 1])
        if not uploads:
            self.message_user(request, _("All of these are finished."), messages.WARNING)
            return None
        if len(uploads) > AT_ONCE:
            words = _("Choose at most %(most)s uploads at a time.") % {"most": AT_ONCE}
            self.message_user(request, words, messages.WARNING)
            return None
        if not request.POST.get("post"):
            return self._question(request, uploads, action=action, title=title)
        removed = [upload for upload in uploads if self._is_removed(request, upload)]
        words = ngettext(
            "%(count)s upload was removed.", "%(count)s uploads were removed.", len(removed)
        )
        self.message_user(request, words % {"count": len(removed)}, messages.SUCCESS)
        return None

    def _is_removed(self, request: HttpRequest, upload: Upload) -> bool:
        """Whoever still writes to it is stopped, and told.  Not: it was gone already."""
        file_id = upload.pk
        try:
            services.remove(upload, store=configured.store(), now=timezone.now())
        except UnknownUpload:
            return False
        upload.pk = file_id  # Django forgets it
        self.log_deletions(request, [upload])
        return True

    def _question(
        self, request: HttpRequest, uploads: Sequence[Upload], *, action: str, title: Any
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "action": action,
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
            "uploads": uploads,
            "shown": uploads[:NAMES_SHOWN],
            "more": len(uploads) - NAMES_SHOWN,
            "bytes": sum(upload.received for upload in uploads),
            "owners": len({upload.owner_id for upload in uploads}),
            "finished": sum(upload.state == Upload.State.FINISHED for upload in uploads),
        }
        return TemplateResponse(request, "admin/uploads/upload/remove_selected.html", context)

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def shown_state(self, upload: Upload) -> tuple[str, Any]:
        return upload.state, upload.get_state_display()

    @admin.display(description=_("size"), ordering="size")
    def shown_size(self, upload: Upload) -> str:
        return filesizeformat(upload.size) if upload.size is not None else "?"

    @admin.display(description=_("received"))
    def progress(self, upload: Upload) -> str:
        if upload.size is None:
            return filesizeformat(upload.received)
        return f"{100 * upload.received // upload.size if upload.size else 100} %"

    @admin.display(description=_("rate"))
    def rate(self, upload: Upload) -> str:
        """Of all that has come, from the first moment to when something came last."""
        if upload.expires_at is None:
            last_at = upload.finished_at
        else:  # every byte that is kept puts it off
            last_at = upload.expires_at - timedelta(seconds=settings.UPLOAD_EXPIRES_S)
        took_s = (last_at - upload.created_at).total_seconds() if last_at else 0.0
        if took_s <= 0 or not upload.received:
            return ""
        return _("%(size)s/s") % {"size": filesizeformat(upload.received / took_s)}

    @admin.display(description=_("age"), ordering="created_at")
    def age(self, upload: Upload) -> str:
        return timesince(upload.created_at, depth=1)

    @admin.display(description=_("expires"), ordering="expires_at")
    def expires(self, upload: Upload) -> Any:
        return upload.expires_at or _("never")
