from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminPasswordWidget

from apiapp import signing
from apiapp.keys.callers import person
from apiapp.outbound import configured
from apiapp.payments import charging, services
from apiapp.payments.errors import PaymentError
from apiapp.payments.models import Gateway, Payment, PaymentEvent, Refund
from apiapp.payments.states import State

STATE_COLOURS = {
    State.PENDING: "warning",
    State.REQUIRES_ACTION: "info",
    State.PAID: "success",
    State.FAILED: "danger",
    State.REFUNDED: "info",
}


class ReadOnly:
    """What happens elsewhere is only looked at here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class GatewayForm(forms.ModelForm):
    secret = forms.CharField(
        label=_("signing secret"),
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("With which it signs its callbacks (whsec_...); empty: as it is."),
    )

    class Meta:
        model = Gateway
        fields = ("name", "connection", "secret", "is_active")

    def clean_secret(self) -> str:
        secret: str = self.cleaned_data["secret"]
        try:
            if secret:
                signing.key_of(secret)
        except signing.BadSecret as error:
            raise forms.ValidationError(_("That is no secret of Standard Webhooks.")) from error
        return secret


@admin.register(Gateway)
class GatewayAdmin(ModelAdmin):
    form = GatewayForm
    list_display = ("name", "connection", "is_active", "created_at")
    list_select_related = ("connection",)
    ordering = ("-id",)

    def save_model(self, request: HttpRequest, obj: Gateway, form: Any, change: bool) -> None:
        if secret := form.cleaned_data["secret"]:
            obj.sealed_secret = configured.sealer().seal(secret)
        obj.save()


class EventInline(ReadOnly, TabularInline):
    model = PaymentEvent
    fields = PaymentEvent.SHOWN
    verbose_name_plural = _("history")
    extra = 0


class RefundInline(ReadOnly, TabularInline):
    model = Refund
    fields = ("amount", "state", "failure", "by", "created_at")
    readonly_fields = ("amount",)
    extra = 0


@admin.register(Payment)
class PaymentAdmin(ReadOnly, ModelAdmin):
    list_display = ("id", "order_id", "shown_amount", "shown_state", "owner", "created_at")
    list_display_links = ("id", "order_id")
    list_filter = ("state", "currency", "gateway")
    search_fields = ("order_id", "charge_id", "owner__username")
    list_select_related = ("owner",)
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("refund", "ask")
    inlines = (RefundInline, EventInline)
    fields = (
        *("order_id", "shown_amount", "refunded", "state", "failure", "trouble", "owner"),
        *("gateway", "key", "charge_id", "payment_url", "return_url"),
        *("next_look_at", "created_at", "updated_at"),
    )
    readonly_fields = fields

    def has_act_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("payments.change_payment"))

    @admin.action(
        description=_("Refund what is left of the selected payments"), permissions=["act"]
    )
    def refund(self, request: HttpRequest, queryset: QuerySet[Payment]) -> None:
        """In the background: a page waits for nobody's answers."""
        by, now = person(request.user).user, timezone.now()
        for row in queryset:
            try:
                made = charging.place_refund(payment=row, amount_minor=None, by=by, now=now)
            except PaymentError as error:
                self.message_user(request, f"{row}: {error}", messages.WARNING)
                continue
            services.look_later(payment=row, owner=by, now=now)
            self.log_change(request, row, f"refund: {made}")
            said = _("%(refund)s of %(payment)s are given back.")
            self.message_user(request, said % {"refund": made, "payment": row}, messages.SUCCESS)

    @admin.action(description=_("Ask the gateway about the selected payments"), permissions=["act"])
    def ask(self, request: HttpRequest, queryset: QuerySet[Payment]) -> None:
        by, now = person(request.user).user, timezone.now()
        for row in queryset:
            services.look_later(payment=row, owner=by, now=now)
        self.message_user(request, _("The gateway is asked."), messages.SUCCESS)

    @display(description=_("amount"), ordering="amount_minor")
    def shown_amount(self, row: Payment) -> str:
        return f"{row.amount} {row.currency}"

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def shown_state(self, row: Payment) -> tuple[str, Any]:
        return row.state, row.get_state_display()
