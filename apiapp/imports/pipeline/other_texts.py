"""Texts that hold no table of lines and cells, told by how they begin: better refused than torn."""

import re

SAVE_AS = "open it in a spreadsheet and save it as .xlsx or CSV"
OTHER_TEXTS = {
    r"<(?:!doctype html|html|head|body|table|meta)\b": f"it is an HTML page; {SAVE_AS}",
    r"<\?xml\b[^>]*>\s*(?:<\?mso-application[^>]*>\s*)?<(?:\w+:)?Workbook\b": (
        f"it is a workbook in XML, as Excel 2003 wrote it; {SAVE_AS}"
    ),
    r"<\?xml\b": "it is XML",
    r"BEGIN:VCARD\s": "it is a vCard, an address book",
    r"BEGIN:VCALENDAR\s": "it is a calendar (iCalendar)",
    r"OFXHEADER:|<OFX>": "it is a bank statement in OFX; ask the bank for CSV",
    r"!(?:Type|Account|Option):\w": "it is a bank statement in QIF; ask the bank for CSV",
    r"(?:\{1:[^\n]+)?:20:[^\n]*\n(?::21:[^\n]*\n)?:25:": (
        "it is a bank statement in MT940; ask the bank for CSV"
    ),
    r"-----BEGIN [A-Z ]+-----": "it is a key or a certificate",
}
find_other = re.compile(
    r"\s*+(?:" + "|".join(f"({begins})" for begins in OTHER_TEXTS) + ")", re.IGNORECASE
).match
# Comments, then a statement, of which some insert rows.  What COPY writes is a table.
begins_sql = re.compile(
    r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/;?)*+"
    r"(?:(?:INSERT|REPLACE) INTO|CREATE|DROP|SET|USE|BEGIN|START|LOCK|PRAGMA|DELETE|TRUNCATE|ALTER)\b",
    re.IGNORECASE | re.DOTALL,
).match
find_insert = re.compile(r"^(?:INSERT|REPLACE) INTO [^\n]*", re.IGNORECASE | re.MULTILINE).search
find_copy = re.compile(r"^COPY .* FROM stdin;", re.IGNORECASE | re.MULTILINE).search


def other_text(text: str) -> str:
    """What the text is, and what may be done; "" where it may be a table."""
    if found := find_other(text):
        return list(OTHER_TEXTS.values())[(found.lastindex or 1) - 1]
    if begins_sql(text) and find_insert(text) and not find_copy(text):
        return "it is a dump in SQL; export the table as CSV"
    return ""
