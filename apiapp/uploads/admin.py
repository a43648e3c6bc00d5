from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from apiapp.uploads import configured, services
from apiapp.uploads.models import Upload

STATE_COLOURS = {
    Upload.State.RECEIVING: "info",
    Upload.State.VERIFYING: "warning",
    Upload.State.FINISHED: "success",
    Upload.State.FAILED: "danger",
}


@admin.register(Upload)
class UploadAdmin(ModelAdmin):
    """Uploads are made by sending files; here they are looked at and deleted, bytes and all."""

    list_display = ("filename", "owner", "shown_state", "shown_size", "progress", "age", "expires")
    list_filter = ("state",)
    search_fields = ("filename", "file_id", "owner__username", "md5", "sha256")
    list_select_related = ("owner",)
    ordering = ("-created_at",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Upload) -> None:
        services.remove(obj, store=configured.store(), now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Upload]) -> None:
        for upload in queryset:
            self.delete_model(request, upload)

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def shown_state(self, upload: Upload) -> tuple[str, Any]:
        return upload.state, upload.get_state_display()

    @admin.display(description=_("size"), ordering="size")
    def shown_size(self, upload: Upload) -> str:
        return filesizeformat(upload.size)

    @admin.display(description=_("received"))
    def progress(self, upload: Upload) -> str:
        return f"{100 * upload.received // upload.size if upload.size else 100} %"

    @admin.display(description=_("age"), ordering="created_at")
    def age(self, upload: Upload) -> str:
        return timesince(upload.created_at, depth=1)

    @admin.display(description=_("expires"), ordering="expires_at")
    def expires(self, upload: Upload) -> Any:
        return upload.expires_at or _("never")
