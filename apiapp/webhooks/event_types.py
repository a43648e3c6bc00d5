"""Which events there are to be told of."""

TYPES = {
    "import.finished": "Rows of an import are in their table.",
    "import.failed": "An import ended without rows.",
    "import.cancelled": "An import was cancelled.",
    "import.undone": "An import was taken back.",
    "upload.finished": "All of a file is here, and verified.",
    "screen.started": "Somebody publishes a screen.",
    "screen.stopped": "Nobody publishes it any more.",
    "alert.fired": "A figure of this server is beyond its limit; for staff.",
    "alert.resolved": "It is not any more; for staff.",
}
TEST = "webhook.test"  # is sent when it is asked for
ALL_TYPES = [*TYPES, TEST]
VERSION = 1  # of the shape of what is sent
