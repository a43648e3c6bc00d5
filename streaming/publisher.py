"""Async: /ws/screens/{name}/publish/, the socket of one who sends pictures."""

import asyncio
from functools import partial
from typing import Any

from streaming import admission, services, streams, texts
from streaming.asking import note
from streaming.core.errors import BadMessage
from streaming.core.live.published import Publication
from streaming.core.wire import Kind, PublishedConfig, read_published_config, unpack
from streaming.errors import ScreensError, UnknownScreen
from streaming.models import Screen
from streaming.passes import Pass
from streaming.presence import Presence, gathering
from streaming.sockets import Socket
from streaming.staying import LEFT, STALLED, End, end_by, stay
from streaming.texts import Allowance, Teller

WAITING = 4  # messages, until the publisher's socket is not read from for a while
# Without a sign of life.  Publishers of ours give one each second.
ASKED_AFTER_S = 1.5
HELD_AFTER_S = 3.0  # an older picture must not be taken for that of now
SILENT_S = 10.0
AWAY_S = 6.0  # for a publisher whose connection broke to come back, before viewers are sent away
SPARE_RATIO, SPARE_FPS, SPARE_S = 1.5, 10.0, 3.0  # pictures beyond the announced rate
CLEAN = {1000, 1001}  # RFC 6455, section 7.4.1: said good-bye; a closed tab says it, too

SILENT = End(STALLED, "silent", f"nothing came from you for {SILENT_S:g} s")
TOO_FAST = "more pictures a second came than the config announced"

TITLE_CHARS = 100

Message = str | bytes


class PublishConsumer(Socket):
    """From the publisher: a config, then pictures, in the screen wire format; texts `ping`, `pause`
    and `resume`.  To it: texts `accepted`, `keyframe` (one is wanted), `viewers`, `error`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._inbox: asyncio.Queue[Message] = asyncio.Queue(WAITING)
        self._is_over = False

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if not self._is_over:
            await self._inbox.put(bytes_data if text_data is None else text_data)  # type: ignore[arg-type]

    async def attend(self) -> None:
        try:
            await self._publish()
        finally:
            self._is_over = True
            while not self._inbox.empty():  # whoever waits to put something there goes on
                self._inbox.get_nowait()

    async def _publish(self) -> None:
        try:
            held = await admit(dict(self.scope), self.name)
        except ScreensError as error:
            await self.say_goodbye({"type": "error"}, end_by(error))
            return
        end, publishing = LEFT, Publishing(held, self._inbox, self.send_message, self._page)
        try:
            with gathering.member(held.screen_id, publishing.tell_presence):
                end = await publishing.run()
            await self.say_goodbye({"type": "error"}, end)
        finally:
            publishing.leave(end, may_return=end == LEFT and self.left_with not in CLEAN)
            await held.release(end.reason)

    @property
    def _page(self) -> str:
        """The address of the page that shows what is published."""
        host = dict(self.scope["headers"]).get(b"host", b"").decode("latin-1")
        scheme = "https" if self.scope.get("scheme") == "wss" else "http"
        return f"{scheme}://{host}/screens/{self.name}/"


async def admit(scope: dict[str, Any], name: str) -> Pass:
    """A pass to publish; a screen that is not there is made.  Raises ScreensError."""
    try:
        return await admission.admit_publisher(scope, name)
    except UnknownScreen:
        await note(lambda: services.create_screen(caller=scope["caller"], name=name))
        return await admission.admit_publisher(scope, name)


class Publishing:
    """One publisher's stay.  page: where what it sends is shown."""

    def __init__(
        self, held: Pass, inbox: asyncio.Queue[Message], send: texts.Send, page: str
    ) -> None:
        self._held, self._inbox, self._page = held, inbox, page
        self._teller = Teller(send)
        self._texts = Allowance()
        self._pictures = Allowance()
        self._publication: Publication | None = None
        self._stream = streams.published(held.screen_id)
        self._viewers, self._is_wanted = 0, True
        self._has_paused = self._is_held = False  # by the publisher; as nothing comes from them

    async def run(self) -> End:
        """Until it ends, whoever ends it."""
        return await stay(self._held, self._take_messages(), self._teller.run())

    def leave(self, end: End, *, may_return: bool) -> None:
        """No more pictures come.  may_return: the connection broke, and may be there again soon."""
        if self._publication is None:
            return
        if may_return:
            self._stream.pause()
            asyncio.get_running_loop().call_later(AWAY_S, end_publication, self._publication)
        else:
            end_publication(self._publication)

    def tell_presence(self, presence: Presence) -> None:
        self._viewers = presence.viewers
        self._tell_viewers()

    def _tell_wanted(self, readers: int) -> None:
        self._is_wanted = readers > 0
        self._tell_viewers()

    def _tell_viewers(self) -> None:
        if self._publication:
            self._teller.tell("viewers", count=self._viewers, wanted=self._is_wanted)

    # --- from the publisher -------------------------------------------------------------------------

    async def _take_messages(self) -> End:
        try:
            async with asyncio.timeout(SILENT_S):
                while not self._publication:
                    await self._take_first(await self._inbox.get())
        except TimeoutError:
            return SILENT
        while (message := await self._next_message()) is not None:
            self._take(message)
        return SILENT

    async def _take_first(self, message: Message) -> None:
        """The config; who is still about to make one may say that they live.  Raises BadMessage."""
        said = texts.read(message) if isinstance(message, str) else {}
        if "type" in said:
            self._heed(said)
        else:
            await self._begin(message)

    async def _next_message(self) -> Message | None:
        """None: the publisher is silent.  One that may only stand still is asked for a picture
        first; then viewers are told that what they see is not of now."""
        for patience_s, at_its_end in (
            (ASKED_AFTER_S, self._ask),
            (HELD_AFTER_S - ASKED_AFTER_S, self._hold),
            (SILENT_S - HELD_AFTER_S, self._ask),
        ):
            try:
                async with asyncio.timeout(patience_s):
                    message = await self._inbox.get()
            except TimeoutError:
                at_its_end()
            else:
                self._go_on()
                return message
        return None

    def _ask(self) -> None:
        self._teller.tell("keyframe")

    def _hold(self) -> None:
        is_shown = self._stream.publication is self._publication  # and no newer one
        if is_shown and not self._has_paused:
            self._is_held = True
            self._stream.pause()

    def _go_on(self) -> None:
        if self._is_held:
            self._is_held = False
            self._stream.resume()

    async def _begin(self, message: Message) -> None:
        """Raises BadMessage."""
        config = config_of(message)
        self._publication = self._stream.publish(
            config,
            on_key_wanted=self._ask,
            on_viewers=self._tell_wanted,
        )
        self._set_rate(config)
        self._teller.tell("accepted", name=self._held.name, url=self._page)
        self._tell_viewers()
        if config.title and not self._held.title:
            await note(partial(entitle, self._held.screen_id, config.title))

    def _take(self, message: Message) -> None:
        """Raises BadMessage and DecoderLost."""
        assert self._publication
        if isinstance(message, str):
            self._heed(texts.read(message))
        elif message[:1] == bytes([Kind.CONFIG]):
            config = config_of(message)
            self._publication.change(config)
            self._set_rate(config)
        else:
            if not self._pictures.spend():
                raise BadMessage(TOO_FAST)
            self._publication.offer(message)

    def _heed(self, message: dict[str, Any]) -> None:
        """Raises BadMessage."""
        if not self._texts.spend():
            raise BadMessage("too many texts")
        match message.get("type"):
            case "ping":
                self._teller.tell("pong", **texts.pong(message))
            case "pause":
                self._has_paused = True
                self._stream.pause()
            case "resume":
                self._has_paused = False
                self._stream.resume()
            case other:
                raise BadMessage(f"no message is of the type {other!r:.40}")

    def _set_rate(self, config: PublishedConfig) -> None:
        rate = config.fps * SPARE_RATIO + SPARE_FPS
        self._pictures = Allowance(per_s=rate, at_once=rate * SPARE_S)


def config_of(message: Message) -> PublishedConfig:
    """Raises BadMessage."""
    if isinstance(message, str):
        return read_published_config(message)
    parts = unpack(message)
    if parts.kind is not Kind.CONFIG:
        raise BadMessage("the first message must be a config")
    return read_published_config(parts.payload)


def entitle(screen_id: int, title: str) -> None:
    """Give a screen that has none the title that its publisher wants.  Blocking."""
    Screen.objects.filter(pk=screen_id, title="").update(title=title[:TITLE_CHARS])


def end_publication(publication: Publication) -> None:
    """Nothing happens if another has taken over, or the publisher has come back."""
    publication.end("publisher-left", "Whoever shared this screen has stopped.")
