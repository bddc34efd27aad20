"""Read a form as it comes in: text fields into memory, files onto the disk, every limit enforced on the way."""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect

from viewcomfy.core.errors import InvalidForm, TooLarge
from viewcomfy.server.form_data import FormData, FormLimits
from viewcomfy.server.form_multipart import MultipartReader
from viewcomfy.server.form_urlencoded import UrlencodedReader
from viewcomfy.service.received import ReceivedFile

SLICE = 64 * 1024
"""The most bytes that are parsed at a time, so that memory stays bounded whatever the server hands over."""
ACCEPTED = "Send application/x-www-form-urlencoded or multipart/form-data, as `curl -F` does."


@dataclass(frozen=True, slots=True)
class Form:
    """A form read to its end; `dropped` names the text fields that mean nothing. Whoever has it must `discard` it."""

    fields: Mapping[str, str] = field(default_factory=dict)
    files: tuple[ReceivedFile, ...] = ()
    dropped: tuple[str, ...] = ()

    def discard(self) -> None:
        """Remove the temporary files that are still there."""
        for file in self.files:
            with suppress(OSError):
                file.path.unlink(missing_ok=True)


class _Reader(Protocol):
    def feed(self, data: bytes) -> None: ...

    def finish(self) -> None: ...


async def read_form(headers: Mapping[str, str], body: AsyncIterable[bytes], limits: FormLimits, folder: Path) -> Form:
    """Read the whole body, files into `folder`.

    `headers` have lower-case names. Raises InvalidForm, InvalidUpload, TooLarge, DiskFull, and leaves no file behind then.
    """
    announced = _announced_length(headers)
    if announced is not None and announced > limits.request:
        _refuse_length(limits)
    data = FormData(limits, folder)
    reader = _reader_for(headers, data)
    try:
        received = await _read(body, reader, data, limits)
        if announced is not None and received != announced:
            _refuse_half()
        reader.finish()
        return Form(data.fields, data.received_files(), tuple(data.dropped))
    except FormParserError as fault:
        data.discard()
        raise InvalidForm(f"The form is damaged: {fault}.", hint=ACCEPTED) from fault
    except ClientDisconnect:
        data.discard()
        _refuse_half()
    except BaseException:
        data.discard()
        raise


async def _read(body: AsyncIterable[bytes], reader: _Reader, data: FormData, limits: FormLimits) -> int:
    received = 0
    async for chunk in body:
        received += len(chunk)
        if received > limits.request:
            _refuse_length(limits)
        for start in range(0, len(chunk), SLICE):
            reader.feed(chunk if len(chunk) <= SLICE else chunk[start : start + SLICE])
            await data.drain()
    return received


def _reader_for(headers: Mapping[str, str], data: FormData) -> _Reader:
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise InvalidForm("The body is compressed.", hint="Send it without Content-Encoding.")
    content_type, options = parse_options_header(headers.get("content-type"))
    if content_type == b"application/x-www-form-urlencoded":
        return UrlencodedReader(data)
    if content_type != b"multipart/form-data":
        named = content_type.decode("latin-1")[:80]
        raise InvalidForm(f"The body is not a form but {named!r}." if named else "The request has no form.", hint=ACCEPTED)
    boundary = options.get(b"boundary")
    if not boundary:
        raise InvalidForm("The Content-Type has no boundary.", hint="Leave the header out: HTTP clients set it together with the form.")
    try:
        return MultipartReader(boundary, data)
    except FormParserError as fault:
        raise InvalidForm("The boundary in Content-Type is too long.") from fault


def _announced_length(headers: Mapping[str, str]) -> int | None:
    value = headers.get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


def _refuse_length(limits: FormLimits) -> NoReturn:
    raise TooLarge(f"The request is larger than {limits.request} bytes.", hint="The server's setting is VIEWCOMFY_MAX_REQUEST.")


def _refuse_half() -> NoReturn:
    raise InvalidForm("The body stopped half way.", hint="Send the request again.")
