"""How many log lines this process lost, shipped, and was refused, since it began."""

import logging

from apiapp.logs.files import FileHandler
from apiapp.logs.shipping import ElasticsearchHandler
from myproject.access_lines import lines

DROPPED = "log_lines_dropped"


def counts() -> dict[tuple[str, str], int]:
    """(name, place) -> how many.  access: before they were made; the others: where they were to go."""
    found = {(DROPPED, "access"): lines.dropped}
    for handler in logging.getLogger().handlers:
        if isinstance(handler, FileHandler):
            found[DROPPED, "file"] = handler.lost
        elif isinstance(handler, ElasticsearchHandler):
            shipper = handler.shipper
            found[DROPPED, "elasticsearch"] = shipper.dropped
            found["log_lines_shipped", ""] = shipper.shipped
            found["log_lines_refused", ""] = shipper.refused
    return found
