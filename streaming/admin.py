from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from streaming import configured, links, qr, services, sessions
from streaming.callers import Person
from streaming.errors import BadScreenName
from streaming.models import Screen, ScreenLink, ViewSession

LINK_CLASSES = "font-medium text-primary-700 dark:text-primary-400 hover:underline"
SHARING_COLOURS = {"off": "info", "link": "warning", "public": "danger"}


class ScreenForm(forms.ModelForm):
    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        try:
            services.require_name(name)
        except BadScreenName as error:
            raise ValidationError(_("The addresses need this name themselves.")) from error
        return name


@admin.register(Screen)
class ScreenAdmin(ModelAdmin):
    """What may be watched, who watches now, and the button that ends it."""

    form = ScreenForm
    list_display = ("name", "title", "owner", "source", "shown_sharing", "viewers", "created_at")
    list_filter = ("sharing", "owner")
    list_select_related = ("owner",)
    search_fields = ("name", "title", "owner__username")
    autocomplete_fields = ("owner",)
    fields = ("name", "title", "owner", "source", "sharing", "max_viewers")
    happenings = ("watching", "stopped_at", "created_at")
    actions = ("stop", "switch_sharing_off", "share_by_link")
    actions_submit_line = ("stop_now",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Screen]:
        return sessions.screens_with_viewers(super().get_queryset(request), now=timezone.now())

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        configured.main_screen()
        return super().changelist_view(request, extra_context)

    def get_fields(self, request: HttpRequest, obj: Screen | None = None) -> Any:
        return (*self.fields, *self.happenings) if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Screen | None = None) -> Any:
        return ("name", *self.happenings) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_main = obj is not None and obj.name == services.MAIN
        return not is_main and super().has_delete_permission(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """With its links and the record of who watched, which nobody deletes by themselves."""
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        missing -= {model._meta.verbose_name for model in (ScreenLink, ViewSession)}
        return deleted, counts, missing, protected

    # --- what is done

    @action(description=_("Save, and stop it for everybody"), permissions=["change"])
    def stop_now(self, request: HttpRequest, obj: Screen) -> None:
        services.stop(screen=obj, now=timezone.now(), tell=configured.tell)
        self.log_change(request, obj, "Stopped.")

    @admin.action(description=_("Stop the selected screens for everybody"), permissions=["change"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Screen]) -> None:
        for screen in queryset:
            self.stop_now(request, screen)

    @admin.action(
        description=_("Share the selected screens with nobody any more"), permissions=["change"]
    )
    def switch_sharing_off(self, request: HttpRequest, queryset: QuerySet[Screen]) -> None:
        self._share(request, queryset, Screen.Sharing.OFF)

    @admin.action(description=_("Share the selected screens by link"), permissions=["change"])
    def share_by_link(self, request: HttpRequest, queryset: QuerySet[Screen]) -> None:
        self._share(request, queryset, Screen.Sharing.LINK)

    def _share(self, request: HttpRequest, screens: QuerySet[Screen], sharing: str) -> None:
        for screen in screens:
            services.share(screen=screen, sharing=sharing)
            self.log_change(request, screen, f"Sharing: {sharing}.")

    # --- what is shown

    @display(description=_("sharing"), ordering="sharing", label=SHARING_COLOURS)
    def shown_sharing(self, screen: Screen) -> tuple[str, Any]:
        return screen.sharing, screen.get_sharing_display()

    @admin.display(description=_("watch now"))
    def viewers(self, screen: Screen) -> str:
        count = screen.viewers  # type: ignore[attr-defined]
        where = reverse("admin:streaming_viewsession_changelist")
        return format_html(
            '<a href="{}?screen__id__exact={}&now=yes" class="{}">{}</a>',
            *(where, screen.pk, LINK_CLASSES, count),
        )

    @admin.display(description=_("watch now"))
    def watching(self, screen: Screen) -> str:
        now = sessions.sessions_of(screen).filter(**sessions.now_watching(timezone.now()))
        rows = (
            (each.who or each.address, each.codec, date_format(each.started_at, "DATETIME_FORMAT"))
            for each in now
        )
        return format_html_join(mark_safe("<br>"), "{} · {} · {}", rows) or "–"  # nosec # a constant


class NewLinkForm(forms.ModelForm):
    pin = forms.CharField(
        label=_("PIN"),
        required=False,
        min_length=4,
        max_length=12,
        validators=[RegexValidator(r"^[0-9]+\Z")],
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text=_("4 to 12 digits that are asked for as well; empty: none."),
    )

    class Meta:
        model = ScreenLink
        fields = ("screen", "note", "expires_at", "max_viewers")


@admin.register(ScreenLink)
class ScreenLinkAdmin(ModelAdmin):
    """Links are made here and shown once; afterwards they can only be revoked."""

    list_display = (
        *("shown_prefix", "screen", "note", "created_by", "created_at"),
        *("expires_at", "has_a_pin", "viewers", "state"),
    )
    list_select_related = ("screen", "created_by")
    list_filter = ("screen", "revoked_at")
    search_fields = ("note", "prefix", "screen__name")
    actions = ("revoke",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScreenLink]:
        return sessions.links_with_viewers(super().get_queryset(request), now=timezone.now())

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        configured.main_screen()  # to be offered as the others are
        return super().get_form(request, obj, change, form=NewLinkForm, **kwargs)

    def get_fields(self, request: HttpRequest, obj: ScreenLink | None = None) -> Any:
        wanted = ("screen", "note", "expires_at", "max_viewers")
        made = ("shown_prefix", "has_a_pin", "created_by", "created_at", "revoked_at")
        return (*wanted, *made) if obj else (*wanted, "pin")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("streaming.change_screenlink"))

    def save_model(self, request: HttpRequest, obj: ScreenLink, form: Any, change: bool) -> None:
        expires = obj.expires_at
        now = timezone.now()
        made, token = links.create_link(
            screen=obj.screen,
            created_by=Person(request.user),
            server_secret=settings.SECRET_KEY,
            now=now,
            note=obj.note,
            expires_s=(expires - now).total_seconds() if expires else None,
            pin=form.cleaned_data["pin"],
            max_viewers=obj.max_viewers,
        )
        obj.pk, obj.prefix = made.pk, made.prefix
        request._shown_once = token  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ScreenLink, post_url_continue: Any = None
    ) -> HttpResponse:
        token = request._shown_once  # type: ignore[attr-defined]
        path = reverse("screen-link", args=[obj.screen.name, token])
        url = request.build_absolute_uri(path)
        context = {
            **self.admin_site.each_context(request),
            "title": _("The new link"),
            "opts": self.opts,
            "link": obj,
            "url": url,
            "has_pin": bool(request.POST.get("pin")),
            "qr_svg": mark_safe(qr.svg(url)),  # nosec # our own drawing of an address
        }
        template = "admin/streaming/screenlink/created.html"
        response = TemplateResponse(request, template, context)
        add_never_cache_headers(response)
        return response

    @admin.action(description=_("Revoke the selected links, at once"), permissions=["act"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ScreenLink]) -> None:
        for link in queryset:
            links.revoke(link=link, now=timezone.now())
            self.log_change(request, link, "Revoked.")

    @admin.display(description=_("link"), ordering="prefix")
    def shown_prefix(self, link: ScreenLink) -> str:
        return f"{link.prefix}…"

    @admin.display(description=_("PIN"), boolean=True)
    def has_a_pin(self, link: ScreenLink) -> bool:
        return link.has_pin

    @admin.display(description=_("watch now"))
    def viewers(self, link: ScreenLink) -> int:
        return link.viewers  # type: ignore[attr-defined]

    @admin.display(description=_("state"))
    def state(self, link: ScreenLink) -> Any:
        if link.revoked_at:
            return _("revoked")
        if link.expires_at and link.expires_at <= timezone.now():
            return _("expired")
        return _("valid") if link.screen.sharing != Screen.Sharing.OFF else _("not shared")


class Now(admin.SimpleListFilter):
    title = _("watch now")
    parameter_name = "now"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("yes"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() != "yes":
            return queryset
        return queryset.filter(**sessions.now_watching(timezone.now()))


@admin.register(ViewSession)
class ViewSessionAdmin(ModelAdmin):
    """Who watched what, when and how much: looked at, not edited."""

    list_display = (
        *("shown_who", "screen", "link", "codec", "address", "started_at", "ended_at"),
        *("frames", "sent", "dropped", "end_reason"),
    )
    list_select_related = ("screen", "link", "user")
    list_filter = (Now, "screen", "codec", "end_reason")
    search_fields = ("who", "address", "screen__name")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("who"), ordering="who")
    def shown_who(self, session: ViewSession) -> str:
        return session.who or "–"

    @admin.display(description=_("sent"), ordering="sent_bytes")
    def sent(self, session: ViewSession) -> str:
        return filesizeformat(session.sent_bytes)
