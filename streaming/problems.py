"""The tables from error to status, of an answer and of a socket that is closed."""

from streaming import errors

# See apiapp/problems.py, which has settings.PROBLEM_TABLES beside its own.
PROBLEMS: dict[type[Exception], tuple[int, str]] = {
    errors.UnknownScreen: (404, "not-found"),
    errors.UnknownLink: (404, "not-found"),
    errors.BadScreenName: (422, "bad-screen-name"),
    errors.NameTaken: (409, "screen-name-taken"),
    errors.SourceNotAllowed: (403, "source-not-allowed"),
    errors.NotYours: (403, "forbidden"),
    errors.NotForPublishers: (409, "not-for-publishers"),
    errors.MainStays: (409, "main-stays"),
    errors.NobodyCalls: (401, "not-authenticated"),
    errors.ScopeMissing: (403, "forbidden"),
    errors.CallerGone: (403, "forbidden"),
    errors.NotShared: (403, "not-shared"),
    errors.LinkNotValid: (410, "link-not-valid"),
    errors.PinWanted: (403, "pin-wanted"),
    errors.WrongPin: (403, "wrong-pin"),
    errors.TooManyPins: (429, "too-many-pins"),
    errors.TooManyGuesses: (429, "too-many-links"),
    errors.TooManyViewers: (429, "too-many-viewers"),
    errors.ScreenStopped: (410, "screen-stopped"),
    errors.ScreenDeleted: (404, "not-found"),
    errors.SourceChanged: (409, "source-changed"),
    errors.PublisherReplaced: (409, "publisher-replaced"),
    errors.NoPicture: (503, "no-picture"),
    errors.BadQuery: (400, "bad-parameter"),
    errors.MethodNotAllowed: (405, "method-not-allowed"),
}

# Private codes (RFC 6455, section 7.4.2), after HTTP's statuses.
NOT_ALLOWED = 4403
COME_AGAIN = 1012  # of the registry of close codes: a service restarts
CLOSE_CODES: dict[type[Exception], int] = {
    errors.NobodyCalls: 4401,
    errors.ScreensError: NOT_ALLOWED,
    errors.UnknownScreen: 4404,
    errors.LinkNotValid: 4410,
    errors.NotShared: 4410,
    errors.CallerGone: 4410,
    errors.ScreenStopped: 4411,
    errors.ScreenDeleted: 4411,
    errors.PublisherReplaced: 4411,
    errors.SourceChanged: COME_AGAIN,
    errors.TooMany: 4429,
}


def close_code(error: errors.ScreensError) -> int:
    """By the nearest listed class."""
    return next(CLOSE_CODES[cls] for cls in type(error).__mro__ if cls in CLOSE_CODES)
