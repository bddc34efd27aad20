"""Read multipart/form-data, parts in any order."""

from __future__ import annotations

from python_multipart.multipart import MultipartParser, parse_options_header

from viewcomfy.core.errors import InvalidForm
from viewcomfy.server.form_data import TEXT_FIELDS, FilePart, FormData, TextPart


class MultipartReader:
    """Feeds a FormData from the bytes of a body. Raises FormParserError for an impossible boundary."""

    def __init__(self, boundary: bytes, data: FormData) -> None:
        self._data = data
        self._header_name = b""
        self._header_value = b""
        self._headers: dict[bytes, bytes] = {}
        self._part: TextPart | FilePart
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    def feed(self, data: bytes) -> None:
        """Take bytes of the body."""
        self._parser.write(data)

    def finish(self) -> None:
        """End the body. Raises InvalidForm when its closing boundary has not come."""
        if not self._ended:
            raise InvalidForm("The body stopped half way: its closing boundary is missing.", hint="Send the request again.")

    def _on_part_begin(self) -> None:
        self._headers = {}

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b"").decode("latin-1"))
        if b"name" not in options:
            raise InvalidForm("A part of the form has no name in its Content-Disposition.")
        name, filename = _text(options[b"name"]), options.get(b"filename")
        if filename is None or name in TEXT_FIELDS:  # `curl -F params=@params.json` means the text in that file
            self._part = self._data.begin_text(name)
        else:
            content_type = _text(self._headers.get(b"content-type", b"")) or "application/octet-stream"
            self._part = self._data.begin_file(name, _text(filename), content_type)

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._part.add(data[start:end])

    def _on_part_end(self) -> None:
        self._part.end()

    def _on_end(self) -> None:
        self._ended = True


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
