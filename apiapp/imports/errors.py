"""What can go wrong with an import."""


class ImportFailed(Exception):
    """Base of this feature's errors."""
