"""How many files and connections this process may have open."""

import sys
from contextlib import suppress

if sys.platform != "win32":
    import resource

MOST = 65_536


def allow_many_files() -> None:
    """Take what the system allows: at first it is often 1024, which 512 slow bodies use up."""
    if sys.platform == "win32":
        return
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if most == resource.RLIM_INFINITY else min(MOST, most)
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        with suppress(ValueError, OSError):  # macOS has another bound, and does not tell it here
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
