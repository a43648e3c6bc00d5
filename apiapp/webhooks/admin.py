from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from apiapp import signing
from apiapp.outbound import configured as outbound
from apiapp.outbound.client.guard import target_of
from apiapp.outbound.errors import TargetRefused
from apiapp.webhooks import queueing, services
from apiapp.webhooks.errors import SubscriptionPaused
from apiapp.webhooks.event_types import TYPES
from apiapp.webhooks.models import Attempt, Delivery, Received, Source, Subscription

STATE_COLOURS = {
    Delivery.State.WAITING: "info",
    Delivery.State.DELIVERED: "success",
    Delivery.State.FAILED: "danger",
}


class SubscriptionForm(forms.ModelForm):
    events = forms.MultipleChoiceField(
        label=_("events"),
        choices=[(name, name) for name in TYPES],
        required=False,
        help_text=_("None: all of them."),
    )

    class Meta:
        model = Subscription
        fields = ("owner", "url", "description", "events", "everybody", "allow_private")

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            target_of(url)
        except TargetRefused as error:
            raise forms.ValidationError(str(error)) from error
        return url


@admin.register(Subscription)
class SubscriptionAdmin(ModelAdmin):
    """Who may change subscriptions here is staff: they may allow private networks."""

    form = SubscriptionForm
    list_display = ("shown", "owner", "url", "shown_pause", "delivered_at")
    list_filter = ("paused",)
    readonly_fields = ("paused", "paused_at", "former_secret_until", "delivered_at")
    search_fields = ("url", "description", "owner__username")
    list_select_related = ("owner",)
    ordering = ("-id",)
    actions = ("pause", "resume", "send_test", "replay_failed")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().get_changeform_initial_data(request), "owner": request.user.pk}

    def save_model(self, request: HttpRequest, obj: Subscription, form: Any, change: bool) -> None:
        if not change:
            services.begin_reading()
            obj.sealed_secrets = outbound.sealer().seal([signing.new_secret()])
        obj.save()

    @admin.action(description=_("Pause the selected subscriptions"), permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> None:
        for row in queryset:
            services.pause(row=row, why=Subscription.Paused.BY_HAND, now=timezone.now())
            self.log_change(request, row, "pause")

    @admin.action(description=_("Resume the selected subscriptions"), permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> None:
        for row in queryset:
            queueing.resume(row=row, now=timezone.now())
            self.log_change(request, row, "resume")

    @admin.action(description=_("Send a test event to them"), permissions=["change"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> None:
        for row in queryset:
            try:
                made = queueing.send_test(row=row, now=timezone.now())
            except SubscriptionPaused as error:
                self.message_user(request, f"{row}: {error}", messages.WARNING)
            else:
                self.log_change(request, row, f"test: {made.pk}")

    @admin.action(description=_("Send again to them what has failed"), permissions=["change"])
    def replay_failed(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> None:
        for row in queryset:
            try:
                done = queueing.replay_failed(row=row, since=None, now=timezone.now())
            except SubscriptionPaused as error:
                self.message_user(request, f"{row}: {error}", messages.WARNING)
            else:
                self.message_user(request, f"{row}: {done.replayed}", messages.SUCCESS)
                self.log_change(request, row, f"replay: {done.replayed}")

    @admin.display(description=_("subscription"))
    def shown(self, row: Subscription) -> str:
        return str(row)

    @display(description=_("paused"), ordering="paused", label="danger")
    def shown_pause(self, row: Subscription) -> str:
        return row.get_paused_display() if row.paused else ""


class ReadOnly(ModelAdmin):
    """What came about elsewhere is looked at here."""

    show_full_result_count = False
    ordering: ClassVar[Any] = ("-id",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class AttemptInline(TabularInline):
    model = Attempt
    fields = readonly_fields = ("at", "status", "error", "answer", "duration_s")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    list_display = (
        "id",
        "event",
        "subscription",
        "shown_state",
        "attempt_count",
        "status",
        "due_at",
    )
    list_display_links = ("id", "event")
    list_filter = ("state", "subscription", "event__type", "created_at")
    search_fields = ("event__uid", "subscription__url", "error")
    list_select_related = ("event", "subscription")
    inlines = (AttemptInline,)
    actions = ("replay",)

    def has_act_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("webhooks.change_delivery"))

    @admin.action(description=_("Send the selected messages again"), permissions=["act"])
    def replay(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        for row in queryset.select_related("event", "subscription").order_by("pk"):
            try:
                again = queueing.replay(row=row, now=timezone.now())
            except SubscriptionPaused as error:
                self.message_user(request, f"{row}: {error}", messages.WARNING)
            else:
                self.log_change(request, row, f"replay: {again.pk}")

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def shown_state(self, row: Delivery) -> tuple[str, Any]:
        return row.state, row.get_state_display()


class SourceForm(forms.ModelForm):
    class Meta:
        model = Source
        fields = ("owner", "name")


@admin.register(Source)
class SourceAdmin(ModelAdmin):
    """A new one has a secret of its own, which its owner reads over the API."""

    form = SourceForm
    list_display = ("name", "owner", "created_at")
    search_fields = ("name", "owner__username")
    list_select_related = ("owner",)
    ordering = ("-id",)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().get_changeform_initial_data(request), "owner": request.user.pk}

    def save_model(self, request: HttpRequest, obj: Source, form: Any, change: bool) -> None:
        if not change:
            obj.sealed_secret = outbound.sealer().seal(signing.new_secret())
        obj.save()


@admin.register(Received)
class ReceivedAdmin(ReadOnly):
    list_display = ("id", "source", "message_id", "at")
    list_filter = ("source",)
    search_fields = ("message_id",)
    list_select_related = ("source",)
