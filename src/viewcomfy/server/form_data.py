"""What a form holds while it is being read, and the limits of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from viewcomfy.core.errors import InvalidForm, InvalidUpload, TooLarge
from viewcomfy.core.params import SEPARATOR
from viewcomfy.server.spool import SpoolFile
from viewcomfy.service.received import ReceivedFile
from viewcomfy.settings import Settings
from viewcomfy.wire.infer import FORM_FIELDS

KEPT_FIELDS = frozenset({*FORM_FIELDS, "inputs", "prompt_id", "batch"})
"""The text fields that mean something; the bytes of others are counted and dropped."""
WORKFLOW = "workflow_api"
TEXT_FIELDS = KEPT_FIELDS - {WORKFLOW}
"""Those that are text also where a file was sent: a workflow may be in a file of any kind, such as a picture."""


@dataclass(frozen=True, slots=True)
class FormLimits:
    """The most bytes of a request, of one text field and of one file; the most files and text fields."""

    request: int
    field: int
    upload: int
    files: int
    fields: int = 100

    @classmethod
    def of(cls, settings: Settings) -> FormLimits:
        """Return the limits that the owner has set."""
        return cls(settings.max_request, settings.max_field, settings.max_upload, settings.max_files)


class FormData:
    """The fields and files so far. Fields: the last of a name wins. Files: a name may come once. `dropped` text fields mean nothing."""

    def __init__(self, limits: FormLimits, folder: Path) -> None:
        self.limits = limits
        self.fields: dict[str, str] = {}
        self.files: dict[str, FilePart] = {}
        self.dropped: list[str] = []
        self._folder = folder
        self._text_count = 0
        self._file_count = 0
        self._last_file: FilePart | None = None

    def begin_text(self, name: str) -> TextPart:
        """Begin a text field. Raises TooLarge when there are too many, InvalidUpload when a file was meant."""
        self._text_count += 1
        if self._text_count > self.limits.fields:
            raise TooLarge(f"The form has more than {self.limits.fields} text fields.")
        if SEPARATOR in name:
            raise InvalidUpload(
                f"{name[:200]!r} came as text.", hint="Send values in params; a file part needs a file name (curl: -F 'NAME=@path')."
            )
        if name not in KEPT_FIELDS:
            self.dropped.append(name[:200])
        return TextPart(self, name)

    def begin_file(self, name: str, filename: str, content_type: str) -> FilePart:
        """Begin a file. Raises TooLarge when there are too many, InvalidUpload when there is one of that name."""
        self._file_count += 1
        if self._file_count > self.limits.files:
            raise TooLarge(f"The form has more than {self.limits.files} files.", hint="The server's setting is VIEWCOMFY_MAX_FILES.")
        if name in self.files:
            raise InvalidUpload(f"Two files came for {name[:200]!r}.", hint="Send one file for each input.")
        part = self.files[name] = self._last_file = FilePart(self, name, filename, content_type, SpoolFile(self._folder))
        return part

    async def drain(self) -> None:
        """Write what has gathered. Raises DiskFull."""
        if self._last_file is not None:
            await self._last_file.spool.drain()

    def received_files(self) -> tuple[ReceivedFile, ...]:
        """Return the files, all of them on the disk."""
        parts = self.files.values()
        return tuple(ReceivedFile(part.name, part.filename, part.content_type, part.spool.size, part.spool.path) for part in parts)

    def discard(self) -> None:
        """Remove every file."""
        for part in self.files.values():
            part.spool.discard()


class TextPart:
    """A text field that is coming in."""

    def __init__(self, form: FormData, name: str) -> None:
        self._form = form
        self._name = name
        self._kept = name in KEPT_FIELDS
        self._size = 0
        self._text = bytearray()

    def add(self, data: bytes) -> None:
        """Take bytes of it. Raises TooLarge."""
        limit = self._form.limits.field
        self._size += len(data)
        if self._size > limit:
            raise TooLarge(
                f"The field {self._name[:80]!r} is larger than {limit} bytes.", hint="The server's setting is VIEWCOMFY_MAX_FIELD."
            )
        if self._kept:
            self._text += data

    def end(self) -> None:
        """End it. Raises InvalidForm when it is not UTF-8."""
        if self._kept:
            try:
                self._form.fields[self._name] = self._text.decode()
            except UnicodeDecodeError as fault:
                raise InvalidForm(f"The field {self._name!r} is not UTF-8 text.") from fault


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file that is coming in."""

    form: FormData
    name: str
    filename: str
    content_type: str
    spool: SpoolFile

    def add(self, data: bytes) -> None:
        """Take bytes of it. Raises TooLarge."""
        limit = self.form.limits.upload
        if self.spool.size + len(data) > limit:
            raise TooLarge(
                f"The file for {self.name[:200]!r} is larger than {limit} bytes.", hint="The server's setting is VIEWCOMFY_MAX_UPLOAD."
            )
        self.spool.append(data)

    def end(self) -> None:
        """End it. A browser sends a nameless empty one for a picker that was left alone: that is no file."""
        if self.filename == "" and self.spool.size == 0:
            del self.form.files[self.name]
        else:
            self.spool.finish()
