from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminPasswordWidget

from apiapp.keys.callers import person
from apiapp.outbound import calling, configured, services
from apiapp.outbound.client import headers
from apiapp.outbound.client.guard import target_of
from apiapp.outbound.errors import CallFailed, OutboundError
from apiapp.outbound.models import CallRecord, Connection

State = CallRecord.State
STATE_COLOURS = {
    State.OK: "success",
    State.RUNNING: "warning",
    State.QUEUED: "info",
    State.BUSINESS: "danger",
    State.SYSTEM: "danger",
    State.NETWORK: "danger",
    State.REFUSED: "danger",
    State.INTERRUPTED: "danger",
}
SHOWN_CHARS = 20_000
CIRCUIT_COLOURS = {"closed": "success", "half_open": "warning", "open": "danger"}
CIRCUIT_WORDS = {
    "closed": _("is called"),
    "half_open": _("is tried"),
    "open": _("is left alone"),
}


class ConnectionForm(forms.ModelForm):
    secret = forms.CharField(
        label=_("secret"),
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Password, token or value of the header; empty: as it is."),
    )

    class Meta:
        model = Connection
        fields = (
            "owner",
            "name",
            "base_url",
            "auth",
            "auth_name",
            "secret",
            "headers",
            "connect_s",
            "read_s",
            "total_s",
            "answer_limit_bytes",
            "attempts",
            "allow_private",
        )

    def clean_base_url(self) -> str:
        url: str = self.cleaned_data["base_url"]
        try:
            target_of(url)
        except CallFailed as error:
            raise forms.ValidationError(str(error)) from error
        return url

    def clean_headers(self) -> dict[str, str]:
        found = self.cleaned_data["headers"] or {}
        if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
            raise forms.ValidationError(_("An object of texts is wanted."))
        try:
            return headers.checked(found)
        except CallFailed as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(Connection)
class ConnectionAdmin(ModelAdmin):
    """Who may change connections here is staff: they may allow private networks."""

    form = ConnectionForm
    list_display = ("name", "owner", "base_url", "shown_circuit", "shown_secret", "allow_private")
    readonly_fields = ("shown_circuit",)
    list_filter = ("auth", "allow_private")
    search_fields = ("name", "base_url", "owner__username")
    list_select_related = ("owner",)
    ordering = ("-id",)

    @display(description=_("secret"), boolean=True)
    def shown_secret(self, row: Connection) -> bool:
        return row.has_secret

    @display(description=_("circuit"), label=CIRCUIT_COLOURS)
    def shown_circuit(self, row: Connection) -> tuple[str, Any]:
        """Whether its host failed so often that it is left alone now."""
        state = configured.circuit_of(row).state if row.pk else "closed"
        return state, CIRCUIT_WORDS[state]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().get_changeform_initial_data(request), "owner": request.user.pk}

    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: bool) -> None:
        secret = form.cleaned_data["secret"]
        before = Connection.objects.filter(pk=obj.pk).first()
        if before and services.origin_of(before.base_url) != services.origin_of(obj.base_url):
            obj.sealed_secret = ""  # nosec B105 # what there was is for another origin
        if secret:
            obj.sealed_secret = configured.sealer().seal(secret)
        obj.save()


@admin.register(CallRecord)
class CallRecordAdmin(ModelAdmin):
    """Calls are made elsewhere; here they are looked at, and made again."""

    list_display = ("id", "method", "shown_url", "shown_state", "status", "owner", "created_at")
    list_display_links = ("id", "shown_url")
    list_filter = ("state", "method")
    search_fields = ("url", "error", "owner__username")
    list_select_related = ("owner",)
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("replay",)
    exclude = ("sealed_ask",)
    readonly_fields = ("answer_shown",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CallRecord]:
        return super().get_queryset(request).defer("sealed_ask")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("outbound.change_callrecord"))

    @admin.action(description=_("Make the selected calls again"), permissions=["act"])
    def replay(self, request: HttpRequest, queryset: QuerySet[CallRecord]) -> None:
        """In the background: a page waits for nobody's answers."""
        for row in queryset.select_related("connection"):
            try:
                again = calling.replay(
                    row=row,
                    caller=person(request.user),
                    sealer=configured.sealer(),
                    now=timezone.now(),
                    in_background=True,
                )
            except OutboundError as error:
                self.message_user(request, f"{row}: {error}", messages.WARNING)
            else:
                self.log_change(request, row, f"replay: {again.pk}")
                words = _("%(call)s is made again as call %(id)s.")
                said = words % {"call": row, "id": again.pk}
                self.message_user(request, said, messages.SUCCESS)

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def shown_state(self, row: CallRecord) -> tuple[str, Any]:
        return row.state, row.get_state_display()

    @admin.display(description=_("address"), ordering="url")
    def shown_url(self, row: CallRecord) -> str:
        return row.url[:120]

    @admin.display(description=_("answer"))
    def answer_shown(self, row: CallRecord) -> str:
        return bytes(row.answer_content)[:SHOWN_CHARS].decode("utf-8", "replace")
