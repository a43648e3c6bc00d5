from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from apiapp.audit.models import Change


@admin.register(Change)
class ChangeAdmin(ModelAdmin):
    """To be looked at: nobody, not even a superuser, changes or deletes what happened; it is
    forgotten after AUDIT_KEEP_DAYS."""

    list_display = fields = readonly_fields = (
        *("at", "kind", "actor", "caller", "method", "path", "fields", "address", "request_id"),
    )
    list_filter = ("kind", "at", "method")
    search_fields = ("actor", "caller", "path", "address", "request_id")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Change | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Change | None = None) -> bool:
        return False
