"""Forms with one file in them (multipart/form-data, RFC 7578), read as they arrive."""

from dataclasses import dataclass

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from apiapp.uploads.errors import BadForm, NotAForm

MAX_FIELDS = 20
FIELD_BYTES = 4096
MAX_PART_HEADERS = 8
PART_HEADER_BYTES = 4096
# What a form may have around its file: fields with their headers, and the file's own headers.
FORM_BYTES = (MAX_FIELDS + 1) * (FIELD_BYTES + MAX_PART_HEADERS * PART_HEADER_BYTES)


@dataclass(frozen=True, slots=True)
class FileBegins:
    """The next bytes are the file's.

    filename: as the client sent it, or empty.  fields: those that came before the file.
    """

    filename: str
    fields: dict[str, str]


Event = FileBegins | memoryview


class FormReader:
    """Takes a form apart: hands on the bytes of its file, collects its fields.

    file_field: the name of the part that is the file; all others are fields, in `fields`.  The
    memory it takes is bounded, whatever comes.
    """

    def __init__(self, content_type: str, *, file_field: str) -> None:
        """Raises NotAForm, BadForm."""
        self.fields: dict[str, str] = {}
        self.file_field = file_field
        self._events: list[Event] = []
        self._header = bytearray()
        self._header_value = bytearray()
        self._disposition = b""
        self._name: str | None = None  # of the field that is being read; None: it is the file
        self._value = bytearray()
        self._has_ended = False
        try:
            self._parser = MultipartParser(
                boundary_of(content_type),
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._add_header_name,
                    "on_header_value": self._add_header_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._begin_content,
                    "on_part_data": self._add_content,
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
                max_header_count=MAX_PART_HEADERS,
                max_header_size=PART_HEADER_BYTES,
            )
        except FormParserError as error:
            raise BadForm(f"the boundary is not usable: {error}") from error

    def feed(self, piece: bytes) -> list[Event]:
        """What the next bytes of the body bring of the file, in order.  Raises BadForm."""
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise BadForm(f"the form cannot be read: {error}") from error
        events, self._events = self._events, []
        return events

    def end(self) -> None:
        """To be called when the body has ended.  Raises BadForm: it was cut short."""
        if not self._has_ended:
            raise BadForm("the form is cut short: its last boundary is missing")

    def _begin_part(self) -> None:
        self._disposition = b""

    def _add_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._header_value)
        self._header.clear()
        self._header_value.clear()

    def _begin_content(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"name" not in options:
            raise BadForm("a part of the form has no name")
        name = text_of(options[b"name"])
        if name == self.file_field:
            self._name = None
            filename = text_of(options.get(b"filename", b""))
            self._events.append(FileBegins(filename, dict(self.fields)))
            return
        if name in self.fields:
            raise BadForm(f"the field {name[:100]!r} comes twice")
        if len(self.fields) == MAX_FIELDS:
            raise BadForm(f"the form has more than {MAX_FIELDS} fields")
        self._name = name

    def _add_content(self, data: bytes, start: int, end: int) -> None:
        if self._name is None:
            self._events.append(memoryview(data)[start:end])
            return
        self._value += data[start:end]
        if len(self._value) > FIELD_BYTES:
            raise BadForm(f"the field {self._name[:100]!r} is too long")

    def _end_part(self) -> None:
        if self._name is not None:
            self.fields[self._name] = text_of(bytes(self._value))
        self._value.clear()

    def _end(self) -> None:
        self._has_ended = True


def boundary_of(content_type: str) -> bytes:
    """Raises NotAForm, BadForm."""
    media_type, options = parse_options_header(content_type)
    if media_type != b"multipart/form-data":
        raise NotAForm(content_type=content_type)
    if not options.get(b"boundary"):
        raise BadForm("the Content-Type of the form names no boundary")
    return options[b"boundary"]


def text_of(data: bytes) -> str:
    """Raises BadForm."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadForm("names and fields of the form have to be UTF-8") from error
