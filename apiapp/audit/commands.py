"""What is done by `manage.py`, by whom on the machine."""

import getpass
from collections.abc import Sequence

from apiapp.audit.models import Change
from apiapp.audit.recording import write

# Those that change something; others read, or run the server.
TOLD = frozenset(
    {
        *("create_api_key", "login_link", "create_screen_link", "reseal_secrets", "import_file"),
        *("call_api", "createsuperuser", "changepassword", "loaddata", "flush", "clearsessions"),
        *("shell", "dbshell", "axes_reset", "axes_reset_ip", "axes_reset_username"),
    }
)
CALLER = "command"


def told(arguments: Sequence[str]) -> None:
    """That a command has ended well.  arguments: after `manage.py`; what they say is not kept."""
    name = arguments[0] if arguments else ""
    if name not in TOLD:
        return
    options = [each.partition("=")[0] for each in arguments[1:] if each.startswith("-")]
    write(
        Change(
            kind=Change.Kind.COMMAND,
            actor=person()[:150],
            caller=CALLER,
            method="COMMAND",
            route=f"manage.py {name}",
            path=f"manage.py {name}",
            fields=[option.lstrip("-")[:100] for option in options][:50],
        )
    )


def person() -> str:
    """Who is signed in to the machine, as it says; empty: it does not."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user that has no name
        return ""
