"""An address as a QR code, for phones."""

import io

import segno

BORDER = 2  # modules; the page around it is light as well


def svg(url: str) -> str:
    """One `<svg>` element, black on white, without a size of its own."""
    written = io.BytesIO()
    segno.make(url, micro=False, error="m").save(
        written, kind="svg", border=BORDER, light="#fff", xmldecl=False, nl=False, omitsize=True
    )
    return written.getvalue().decode()


def text(url: str) -> str:
    """For a terminal, whatever its colours are."""
    written = io.StringIO()
    segno.make(url, micro=False, error="l").terminal(written, border=BORDER, compact=True)
    return written.getvalue()
