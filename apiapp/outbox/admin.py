from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from apiapp.outbox.models import Event


@admin.register(Event)
class EventAdmin(ModelAdmin):
    """To be looked at: what happened has happened."""

    list_display = ("uid", "type", "at", "spread_at")
    list_filter = ("type",)
    search_fields = ("uid",)
    show_full_result_count = False
    ordering = ("-id",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
