"""A file to write to that hands on what was written."""


class Sink:
    """Takes what a writer of files writes, in order; nothing of it is kept once `taken`."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._sent_bytes = 0
        self.closed = False

    def taken(self) -> bytes:
        """All that was written since the last call."""
        content = b"".join(self._chunks)
        self._chunks.clear()
        return content

    # --- what writers call
    def write(self, content: bytes) -> int:
        self._chunks.append(bytes(content))
        self._sent_bytes += len(content)
        return len(content)

    def tell(self) -> int:
        return self._sent_bytes

    def flush(self) -> None:
        """What was written is here already."""

    def close(self) -> None:
        self.closed = True
