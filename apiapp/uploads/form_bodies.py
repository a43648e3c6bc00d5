"""Async: forms with one file in them, on their way to what opens it (multipart.py reads them)."""

from collections.abc import AsyncIterator, Callable
from functools import partial

from apiapp.keys.callers import Caller
from apiapp.uploads.admitting import uploading_caller
from apiapp.uploads.bodies import Intake, Opened
from apiapp.uploads.errors import BodyStalled, BodyTooLarge, NoFile, TooManyFiles
from apiapp.uploads.exchange import Scope, header
from apiapp.uploads.multipart import FileBegins, FormReader

TOKEN_FIELD = "csrfmiddlewaretoken"  # nosec B105 # a name of a field

OpenFile = Callable[[Caller, FileBegins], Opened]


async def take_form(
    caller: Caller | None,
    scope: Scope,
    pieces: AsyncIterator[bytes],
    form: FormReader,
    intake: Intake,
    begin: OpenFile[Opened],
) -> tuple[Caller, Opened]:
    """Read a whole form, its file through `intake` to what `begin` opens.

    Who is not known yet becomes known before a byte of the file is stored.  Raises NoFile,
    TooManyFiles, BadForm, and what `begin` raises.
    """
    opened = None
    async for piece in pieces:
        for event in form.feed(piece):
            if not isinstance(event, FileBegins):
                await intake.add(event)
                continue
            if opened:
                raise TooManyFiles(field=form.file_field)
            caller = caller or await late_caller(scope, event.fields, intake)
            opened = await intake.open(partial(begin, caller, event))
    form.end()
    caller = caller or await late_caller(scope, form.fields, intake)
    if opened is None:
        raise NoFile(field=form.file_field)
    return caller, opened


async def early_caller(scope: Scope, intake: Intake, admit: Callable[[], Caller]) -> Caller | None:
    """The caller, before the body is read; None: the form may bring the token of a session."""
    shown = header(scope, b"authorization") or header(scope, b"x-csrftoken")
    if header(scope, b"cookie") and not shown:
        return None
    return await intake.lane.run(admit)


async def late_caller(scope: Scope, fields: dict[str, str], intake: Intake) -> Caller:
    """The caller by session, with the token that came as a field."""
    token = fields.get(TOKEN_FIELD)
    return await intake.lane.run(partial(uploading_caller, scope, token))


def is_cut_short(error: Exception) -> bool:
    """Whether the rest of the body is not to be waited for."""
    return isinstance(error, BodyStalled | BodyTooLarge)
