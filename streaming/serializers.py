from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from streaming import services, streams
from streaming.callers import Caller
from streaming.core.items import STATES
from streaming.models import MOST_VIEWERS, NAME, NAME_LENGTH, Screen, ScreenLink, ViewSession
from streaming.status import Status, status_of

DAY_S = 24 * 3600
LINK_EXPIRES_S = 7 * DAY_S
LONGEST_S = 3650 * DAY_S


class OnlyText(serializers.CharField):
    """No number that is written as a text."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class OnlyMatching(OnlyText, serializers.RegexField):
    pass


class NumberOrNull(serializers.IntegerField):
    """Null is a value of its own; a form, which has texts alone, says it in JSON's word."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        return super().validate_empty_values(None if data == "null" else data)


class HowMany(NumberOrNull):
    def __init__(self, **kwargs: Any) -> None:
        limits = {"min_value": 1, "max_value": MOST_VIEWERS, "allow_null": True}
        super().__init__(required=False, **{**limits, **kwargs})


class ScreenChange(serializers.Serializer[Any]):
    """What of a screen may be changed; what is left out stays."""

    title = OnlyText(max_length=100, allow_blank=True, required=False)
    sharing = serializers.ChoiceField(
        choices=Screen.Sharing.choices,
        required=False,
        help_text="`off`: its owner and staff alone; `link`: who has a link; `public`: everybody.",
    )
    max_viewers = HowMany(help_text="At a time; null: as many as the server takes.")
    source = OnlyText(  # type: ignore[assignment] # a field's own, of another meaning
        max_length=500,
        required=False,
        help_text="`publisher`: what somebody sends; for staff also what the server itself sees: "
        "`local`, `pattern`, `camera:0`, the path of a video.",
    )


class NewScreen(ScreenChange):
    name = OnlyMatching(
        f"^{NAME}$", max_length=NAME_LENGTH, help_text="Part of its addresses, and stays."
    )


class ScreenDetail(serializers.ModelSerializer[Screen]):
    """`viewers` is a column that the query adds; the context has the request and its caller."""

    state = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField()
    detail = serializers.SerializerMethodField()
    width = serializers.SerializerMethodField()
    height = serializers.SerializerMethodField()
    fps = serializers.SerializerMethodField()
    viewers = serializers.IntegerField(read_only=True, help_text="Who watch now, in all processes.")
    presenter = serializers.SerializerMethodField()
    is_mine = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()
    thumbnail = serializers.SerializerMethodField()

    class Meta:
        model = Screen
        fields: ClassVar = [
            "name",
            "title",
            "source",
            "state",
            "reason",
            "detail",
            "sharing",
            "viewers",
            "max_viewers",
            "width",
            "height",
            "fps",
            "presenter",
            "is_mine",
            "created_at",
            "url",
            "thumbnail",
        ]
        read_only_fields = fields

    def status(self, screen: Screen) -> Status:
        viewers: int = screen.viewers  # type: ignore[attr-defined]
        here = streams.status(screen.pk, screen.source)
        return status_of(screen, here=here, viewers=viewers, now=timezone.now())

    @extend_schema_field({"type": "string", "enum": list(STATES)})
    def get_state(self, screen: Screen) -> str:
        return self.status(screen).state

    def get_reason(self, screen: Screen) -> str:
        """Why there is no picture, as a stable word."""
        return self.status(screen).reason

    def get_detail(self, screen: Screen) -> str:
        """The same for people, with what to do about it."""
        return self.status(screen).detail

    def get_width(self, screen: Screen) -> int | None:
        return self.status(screen).width

    def get_height(self, screen: Screen) -> int | None:
        return self.status(screen).height

    def get_fps(self, screen: Screen) -> float | None:
        return self.status(screen).fps

    def get_presenter(self, screen: Screen) -> str:
        """Who publishes it now, or else whose it is."""
        is_published = services.has_publisher(screen, now=timezone.now())
        return screen.presenter if is_published else screen.owner.get_username()

    def get_is_mine(self, screen: Screen) -> bool:
        """Whether the caller may change it."""
        caller: Caller = self.context["request"].auth
        return services.is_own(caller=caller, screen=screen)

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, screen: Screen) -> str:
        return reverse("screen", [screen.name], request=self.context["request"])

    @extend_schema_field(OpenApiTypes.URI)
    def get_thumbnail(self, screen: Screen) -> str:
        """Its last picture; a JPEG."""
        return f"{self.get_url(screen)}snapshot.jpg"


class NewLink(serializers.Serializer[Any]):
    note = OnlyText(max_length=100, allow_blank=True, required=False, help_text="Whom it is for.")
    expires_s = NumberOrNull(
        min_value=1,
        max_value=LONGEST_S,
        allow_null=True,
        default=LINK_EXPIRES_S,
        help_text="Seconds from now; null: never.",
    )
    pin = OnlyMatching(
        r"^[0-9]+$",
        min_length=4,
        max_length=12,
        required=False,
        allow_blank=True,
        help_text="4 to 12 digits, asked for as well; empty: none.",
    )
    max_viewers = HowMany(help_text="By this link, at a time.")


class LinkDetail(serializers.ModelSerializer[ScreenLink]):
    """`viewers` is a column that the query adds."""

    has_pin = serializers.BooleanField(read_only=True)
    viewers = serializers.IntegerField(read_only=True, help_text="Who watch by it now.")

    class Meta:
        model = ScreenLink
        fields: ClassVar = [
            "id",
            "prefix",
            "note",
            "expires_at",
            "revoked_at",
            "has_pin",
            "max_viewers",
            "viewers",
            "created_at",
        ]
        read_only_fields = fields


class MadeLink(LinkDetail):
    """The one answer with the address, which cannot be had again."""

    url = serializers.URLField(read_only=True, help_text="To be sent to who is to watch.")
    qr_svg = serializers.CharField(read_only=True, help_text="The same as a QR code, for a page.")

    class Meta(LinkDetail.Meta):
        fields: ClassVar = [*LinkDetail.Meta.fields, "url", "qr_svg"]
        read_only_fields = fields


class SessionDetail(serializers.ModelSerializer[ViewSession]):
    link: Any = serializers.PrimaryKeyRelatedField(
        read_only=True, help_text="By which link; null: they were signed in, or anybody may look."
    )

    class Meta:
        model = ViewSession
        fields: ClassVar = [
            "id",
            "who",
            "link",
            "address",
            "codec",
            "started_at",
            "seen_at",
            "ended_at",
            "frames",
            "sent_bytes",
            "dropped",
            "end_reason",
        ]
        read_only_fields = fields
