from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from apiapp.examples.models import ExampleUser, Item, Post, Resource
from apiapp.examples.services import open_rows

SHOWN_CHARS = 60


class RowAdmin(ModelAdmin):
    """Rows without an owner are open: the examples show and change them."""

    list_filter: tuple[str, ...] = ("owner", "updated_at")
    list_select_related = ("owner",)
    autocomplete_fields = ("owner",)
    readonly_fields: tuple[str, ...] = ("created_at", "updated_at")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        open_rows.settle()
        return super().get_queryset(request)


@admin.register(ExampleUser)
class ExampleUserAdmin(RowAdmin):
    list_display = ("name", "age", "owner", "updated_at")
    list_filter = ("owner", "age", "updated_at")
    search_fields = ("name", "owner__username")


@admin.register(Post)
class PostAdmin(RowAdmin):
    list_display = ("short_title", "short_content", "owner", "created_at")
    search_fields = ("title", "content", "owner__username")

    @admin.display(description=_("title"), ordering="title", empty_value="–")
    def short_title(self, post: Post) -> str:
        return shortened(post.title)

    @admin.display(description=_("content"))
    def short_content(self, post: Post) -> str:
        return shortened(post.content)


class NumberedOnce(RowAdmin):
    """What it is known by is chosen when it is made, and stays."""

    def get_readonly_fields(self, request: object, obj: object = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "id") if obj else self.readonly_fields


@admin.register(Item)
class ItemAdmin(NumberedOnce):
    list_display = ("id", "short_name", "short_description", "owner", "updated_at")
    search_fields = ("id", "name", "description", "owner__username")

    @admin.display(description=_("name"), ordering="name")
    def short_name(self, item: Item) -> str:
        return shortened(item.name)

    @admin.display(description=_("description"))
    def short_description(self, item: Item) -> str:
        return shortened(item.description)


@admin.register(Resource)
class ResourceAdmin(NumberedOnce):
    list_display = ("id", "short_data", "owner", "updated_at")
    search_fields = ("id", "owner__username")

    @admin.display(description=_("data"))
    def short_data(self, resource: Resource) -> str:
        return shortened(str(resource.data))


def shortened(text: str) -> str:
    """One line of it, for a list; a dash if there is nothing to see."""
    line = " ".join(text.split())
    return f"{line[:SHOWN_CHARS]}…" if len(line) > SHOWN_CHARS else line or "–"
