"""Why a lane leaves a file to Python."""


class Doubtful(Exception):
    """The lane cannot be sure to read the file as readers.py does; str() says what it came upon."""
