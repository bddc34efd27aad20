"""Read application/x-www-form-urlencoded, decoding as it comes."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from python_multipart.multipart import QuerystringParser

from viewcomfy.core.errors import InvalidForm
from viewcomfy.server.form_data import FormData, TextPart

MAX_NAME = 1024


class UrlencodedReader:
    """Feeds a FormData from the bytes of a body."""

    def __init__(self, data: FormData) -> None:
        self._data = data
        self._name = bytearray()
        self._part: TextPart | None = None
        self._cut = b""
        self._parser = QuerystringParser(
            {
                "on_field_start": self._on_start,
                "on_field_name": self._on_name,
                "on_field_data": self._on_data,
                "on_field_end": self._on_end,
            }
        )

    def feed(self, data: bytes) -> None:
        """Take bytes of the body."""
        self._parser.write(data)

    def finish(self) -> None:
        """End the body."""
        self._parser.finalize()

    def _on_start(self) -> None:
        self._name.clear()
        self._part = None
        self._cut = b""

    def _on_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]
        if len(self._name) > MAX_NAME:
            raise InvalidForm(f"A field name is longer than {MAX_NAME} bytes.")

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        encoded = self._cut + data[start:end]
        whole = len(encoded) - _cut_escape(encoded)
        self._cut = encoded[whole:]
        self._value().add(_decode(encoded[:whole]))

    def _on_end(self) -> None:
        value = self._value()
        if self._cut:
            value.add(self._cut)
        value.end()

    def _value(self) -> TextPart:
        if self._part is None:
            self._part = self._data.begin_text(_decode(bytes(self._name)).decode(errors="replace"))
        return self._part


def _cut_escape(encoded: bytes) -> int:
    """Return how many bytes at the end may be the beginning of an escape such as %C3."""
    if encoded.endswith(b"%"):
        return 1
    return 2 if encoded[-2:-1] == b"%" else 0


def _decode(encoded: bytes) -> bytes:
    return unquote_to_bytes(encoded.replace(b"+", b" "))
