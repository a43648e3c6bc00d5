from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from apiapp.keys import scopes, services
from apiapp.keys.models import ApiKey, FailedLogin

admin.site.unregister(User)
admin.site.unregister(Group)


class NewApiKeyForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        label=_("scopes"),
        choices=[(scope, scope) for scope in scopes.ALL_SCOPES],
        initial=[scope for scope in scopes.ALL_SCOPES if scope != scopes.ADMIN],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = ApiKey
        fields = ("owner", "name", "scopes", "expires_at")


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    """Keys are made here and shown once; afterwards they can only be revoked."""

    list_display = ("name", "prefix", "owner", "scope_list", "last_used_at", "expires_at", "state")
    list_filter = ("revoked_at",)
    search_fields = ("name", "prefix", "owner__username")
    list_select_related = ("owner",)
    actions = ("revoke",)

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, form=NewApiKeyForm, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().get_changeform_initial_data(request), "owner": request.user.pk}

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        made, key = services.create_api_key(
            owner=obj.owner,
            name=obj.name,
            key_scopes=form.cleaned_data["scopes"],
            server_secret=settings.SECRET_KEY,
            expires_at=obj.expires_at,
        )
        obj.pk, obj.prefix = made.pk, made.prefix
        request._shown_once = key  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: Any = None) -> Any:
        context = {
            **self.admin_site.each_context(request),
            "title": _("The new key"),
            "opts": self.opts,
            "api_key": obj,
            "secret": request._shown_once,  # type: ignore[attr-defined]
        }
        response: HttpResponse = TemplateResponse(
            request, "admin/keys/apikey/created.html", context
        )
        add_never_cache_headers(response)
        return response

    def delete_model(self, request: HttpRequest, obj: ApiKey) -> None:
        services.revoke(key=obj, now=timezone.now())
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            self.delete_model(request, key)

    @admin.action(description=_("Revoke the selected keys, at once"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            services.revoke(key=key, now=timezone.now())
            self.log_change(request, key, "Revoked.")

    @admin.display(description=_("scopes"))
    def scope_list(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @admin.display(description=_("state"))
    def state(self, key: ApiKey) -> Any:
        if key.revoked_at:
            return _("revoked")
        if key.expires_at and key.expires_at <= timezone.now():
            return _("expired")
        return _("valid")


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        services.forget_user(obj)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        services.forget_user(obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            services.forget_user(user)
        super().delete_queryset(request, queryset)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    pass


@admin.register(FailedLogin)
class FailedLoginAdmin(ModelAdmin):
    """Wrong passwords of the last minutes; to delete them is to unlock."""

    list_display = fields = readonly_fields = ("name", "address", "failures", "last", "until")
    search_fields = ("username", "ip_address")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("name"), ordering="username")
    def name(self, failed: FailedLogin) -> str:
        return failed.username or ""

    @admin.display(description=_("address"), ordering="ip_address")
    def address(self, failed: FailedLogin) -> str:
        return failed.ip_address or ""

    @admin.display(description=_("wrong passwords"), ordering="failures_since_start")
    def failures(self, failed: FailedLogin) -> int:
        return failed.failures_since_start

    @admin.display(description=_("last one"), ordering="attempt_time")
    def last(self, failed: FailedLogin) -> datetime:
        return failed.attempt_time

    @admin.display(description=_("forgotten at"))
    def until(self, failed: FailedLogin) -> datetime:
        return failed.attempt_time + settings.AXES_COOLOFF_TIME
