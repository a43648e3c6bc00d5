"""Async: /ws/screens/{name}/, one viewer's socket."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings

from streaming import admission, streams, texts
from streaming.core.adapting import ViewerWindow, is_too_slow
from streaming.core.encoders.base import EncodedFrame
from streaming.core.errors import BadMessage
from streaming.core.hub import Reader
from streaming.core.items import Config, Item, State
from streaming.core.wire import pack_config
from streaming.errors import ScreensError
from streaming.passes import Pass
from streaming.presence import Presence, gathering
from streaming.sockets import Socket
from streaming.staying import LEFT, TOO_SLOW, End, end_by, stay
from streaming.texts import Allowance, Teller, send_text

CODECS = ("h264", "tiles", "jpeg")
TIERS = ("full", "light")
TICK_S = 1.0
STILL_S = 2.0  # without a picture, after which a viewer is told that what it shows is live
BAD_TEXT = 10  # texts that one that makes no sense costs
MOST_FPS, MOST_MS = 1000, 3_600_000


@dataclass(frozen=True, slots=True)
class Wish:
    """What a viewer wants to be sent; H.264 unless they say otherwise."""

    codec: str
    tier: str


def wish_of(scope: dict[str, Any]) -> Wish:
    """Raises BadMessage."""
    asked = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    wish = Wish(asked.get("codec", CODECS)[0], asked.get("tier", ["full"])[0])
    if wish.codec not in CODECS:
        raise BadMessage(f"codec must be one of {', '.join(CODECS)}")
    if wish.tier not in TIERS:
        raise BadMessage(f"tier must be one of {', '.join(TIERS)}")
    return wish


class ViewerConsumer(Socket):
    """To the viewer: a config, then frames, in the screen wire format; texts about who is there, how
    the screen is, and how well this viewer keeps up.  From it: see Viewing.hear."""

    _viewing: "Viewing | None" = None

    async def attend(self) -> None:
        try:
            wish = wish_of(dict(self.scope))
            held = await admission.admit(self.scope, self.name)
        except (BadMessage, ScreensError) as error:
            await self.say_goodbye({"type": "error"}, end_by(error))
            return
        end = LEFT
        try:
            await held.begin_session(wish.codec)
            end = await self._view(held, wish)
            await self.say_goodbye({"type": "state", "state": "ended"}, end)
        except ScreensError as error:  # there is no room
            end = end_by(error)
            await self.say_goodbye({"type": "error"}, end)
        finally:
            await held.release(end.reason)
            gathering.count_again()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self._viewing:
            self._viewing.hear(text_data)

    async def _view(self, held: Pass, wish: Wish) -> End:
        connection: Any = self.scope.get("connection")
        if connection:
            connection.keep_fresh()
        self._viewing = Viewing(held, wish, self.send_message)
        try:
            with gathering.member(held.screen_id, self._viewing.tell_presence):
                return await self._viewing.run()
        finally:
            self._viewing = None  # sockets are garbage in circles: pictures must not wait with them


class Viewing:
    """One viewer's stay."""

    def __init__(self, held: Pass, wish: Wish, send: texts.Send) -> None:
        self._held, self._wish, self._send = held, wish, send
        self._teller = Teller(send)
        self._allowance = Allowance()
        self._has_said_too_much = asyncio.Event()
        self._wants_pictures = asyncio.Event()
        self._wants_pictures.set()
        self._reader: Reader | None = None
        self._dropped_before = 0
        self._still_since: float | None = None
        self._sequence = 0

    async def run(self) -> End:
        """Until it ends, whoever ends it."""
        return await stay(
            self._held, self._watch(), self._tick(), self._teller.run(), self._refuse_floods()
        )

    # --- to the viewer ------------------------------------------------------------------------------

    def tell_presence(self, presence: Presence) -> None:
        self._teller.tell("presence", viewers=presence.viewers, presenter=presence.presenter)

    async def _watch(self) -> End:
        stream = streams.of(self._held.screen_id, self._held.source)
        while True:
            await self._wants_pictures.wait()
            with stream.watch(self._wish.codec, self._wish.tier) as reader:
                self._reader = reader
                try:
                    while self._wants_pictures.is_set():
                        await self._pass_on(await reader.next_item())
                finally:
                    self._dropped_before += reader.dropped
                    self._held.dropped = self._dropped_before
                    self._reader = self._still_since = None

    async def _pass_on(self, item: Item) -> None:
        if isinstance(item, EncodedFrame):
            await self._send({"type": "websocket.send", "bytes": item.message})
            self._held.frames += 1
            self._held.sent_bytes += len(item.message)
            self._sequence, self._still_since = item.sequence, time.monotonic()
        elif isinstance(item, Config):
            config = pack_config({**item.members, "name": self._held.name})
            await self._send({"type": "websocket.send", "bytes": config})
        else:
            self._still_since = None
            await send_text(self._send, state_text(item))

    async def _tick(self) -> End:
        """Each second: does it keep up, has it stalled, does it know that a still picture is live?"""
        offered = dropped = 0
        while True:
            await asyncio.sleep(TICK_S)
            if self._reader is None:
                continue
            if self._reader.stalled_s > settings.SCREEN_STALLED_S:
                return TOO_SLOW
            window = ViewerWindow(self._reader.offered - offered, self._reader.dropped - dropped)
            offered, dropped = self._reader.offered, self._reader.dropped
            self._held.dropped = self._dropped_before + dropped
            if is_too_slow(window):
                self._teller.tell("slow", dropped=self._held.dropped)
            self._say_that_it_is_live()

    def _say_that_it_is_live(self) -> None:
        now = time.monotonic()
        if self._still_since is not None and now - self._still_since >= STILL_S:
            self._still_since = now
            self._teller.tell("state", state="live", sequence=self._sequence)

    # --- from the viewer ----------------------------------------------------------------------------

    def hear(self, text: str | None) -> None:
        """A text of the viewer's; one that makes no sense is answered, many end the stay."""
        try:
            self._heed(texts.read(text))
            is_allowed = self._allowance.spend()
        except BadMessage as error:
            self._teller.tell("error", detail=str(error))
            is_allowed = self._allowance.spend(BAD_TEXT)
        if not is_allowed:
            self._has_said_too_much.set()

    def _heed(self, message: dict[str, Any]) -> None:
        """Raises BadMessage."""
        match message.get("type"):
            case "ping":
                self._teller.tell("pong", **texts.pong(message))
            case "stats":
                self._note_stats(message)
            case "keyframe":
                if self._reader:
                    self._reader.ask_key()
            case "pause":
                self._wants_pictures.clear()
            case "resume":
                self._wants_pictures.set()
            case other:
                raise BadMessage(f"no message is of the type {other!r:.40}")

    def _note_stats(self, message: dict[str, Any]) -> None:
        """Raises BadMessage."""
        texts.number(message, "fps", most=MOST_FPS)
        latency_ms = texts.number(message, "latency_ms", most=MOST_MS)
        dropped = texts.number(message, "dropped", most=texts.MOST)
        texts.number(message, "sequence", most=texts.MOST)
        self._held.latency_ms = latency_ms
        if self._reader:
            self._reader.report(latency_ms=latency_ms, dropped=int(dropped or 0))

    async def _refuse_floods(self) -> End:
        await self._has_said_too_much.wait()
        return end_by(BadMessage("too many messages, or too many that make no sense"))


def state_text(state: State) -> dict[str, Any]:
    return {
        "type": "state",
        "state": state.state,
        "reason": state.reason,
        "detail": state.detail,
    }
