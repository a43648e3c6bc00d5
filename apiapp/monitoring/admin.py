from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from apiapp.monitoring import alerting
from apiapp.monitoring.alert_figures import OF_REQUESTS
from apiapp.monitoring.models import Alert, AlertRule


class RuleForm(forms.ModelForm):
    class Meta:
        model = AlertRule
        fields = ("figure", "route", "threshold", "for_s", "is_on")

    def clean(self) -> dict[str, Any] | None:
        values = super().clean() or {}
        if values.get("route") and values.get("figure") not in OF_REQUESTS:
            self.add_error("route", _("This figure has no routes."))
        return values


@admin.register(AlertRule)
class AlertRuleAdmin(ModelAdmin):
    form = RuleForm
    list_display = ("figure", "route", "threshold", "for_s", "is_on")
    list_filter = ("is_on",)


@admin.register(Alert)
class AlertAdmin(ModelAdmin):
    """What happened: to be looked at and acknowledged, not changed."""

    list_display = fields = readonly_fields = (
        *("figure", "route", "value", "threshold", "fired_at", "resolved_at"),
        *("acknowledged_at", "acknowledged_by"),
    )
    list_filter = ("figure", "fired_at")
    actions = ("acknowledge",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        return False

    @admin.action(description=_("Acknowledge"))
    def acknowledge(self, request: HttpRequest, chosen: QuerySet[Alert]) -> None:
        for alert in chosen:
            alerting.acknowledge(alert=alert, by=request.user.get_username(), now=timezone.now())
