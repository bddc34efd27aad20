"""What a caller gives, as it is sent: values as JSON, and files that are read only then."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from viewcomfy.core.editor.format import is_editor_workflow
from viewcomfy.core.editor.source import Source as WorkflowSource
from viewcomfy.core.editor.source import of_json, open_source, read_source
from viewcomfy.core.errors import BadInput, InvalidParams, InvalidUpload
from viewcomfy.core.outputs import content_type_of
from viewcomfy.core.workflows import check_workflow, read_json

Source = Path | bytes | BinaryIO
Part = tuple[str, tuple[str, bytes | BinaryIO, str]]


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file for the input that `key` names."""

    key: str
    filename: str
    content_type: str
    source: Source

    @property
    def repeatable(self) -> bool:
        """Tell whether its bytes can be sent a second time."""
        return isinstance(self.source, Path | bytes) or self.source.seekable()


@dataclass(frozen=True, slots=True)
class Form:
    """Text fields and file parts."""

    fields: Mapping[str, str]
    files: tuple[FilePart, ...] = ()

    @property
    def repeatable(self) -> bool:
        """Tell whether the whole form can be sent a second time."""
        return all(part.repeatable for part in self.files)

    @contextmanager
    def opened(self) -> Iterator[list[Part]]:
        """Open the files that are given by their path, for one sending."""
        with ExitStack() as stack:
            yield [(part.key, (part.filename, _open(part, stack), part.content_type)) for part in self.files]


def _open(part: FilePart, stack: ExitStack) -> bytes | BinaryIO:
    if not isinstance(part.source, Path):
        return part.source
    try:
        return stack.enter_context(part.source.open("rb"))
    except OSError as fault:
        raise InvalidUpload(f"The file for {part.key!r} cannot be read: {fault}.") from fault


def given(params: Mapping[str, Any] | None, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what came as a dict and what came as keyword arguments in one; raise InvalidParams where they overlap."""
    if params is None:
        return dict(inputs)
    _check_mapping(params)
    if twice := [name for name in params if name in inputs]:
        raise InvalidParams(f"{twice[0]!r} is given twice.", hint="Give it in the dict or as a keyword argument, not both.")
    return {**params, **inputs}


def run_form(params: Mapping[str, Any], workflow_api: Any, prompt_id: str) -> Form:
    """Make the form of a run.

    A value of `params` that is a path, bytes, a binary file or a tuple of file name and one of these is sent as a file;
    text, numbers, true, false, None and lists go as JSON. Raises InvalidParams and InvalidUpload.
    """
    values, files = apart(params)
    fields = {"params": json_text(values), "prompt_id": prompt_id}
    if workflow_api is not None:
        fields["workflow_api"] = json.dumps(load_workflow(workflow_api))
    return Form(fields, files)


def apart(params: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[FilePart, ...]]:
    """Return the values and the files; raise InvalidParams and InvalidUpload."""
    _check_mapping(params)
    values: dict[str, Any] = {}
    files: list[FilePart] = []
    for key, value in params.items():
        part = _file_part(key, value)
        if part is None:
            values[key] = value
        else:
            files.append(part)
    return values, tuple(files)


def in_text(key: str, value: Any) -> Any:
    """Return a value as JSON can hold it: a file becomes a data URL, anything else stays as it is; raise InvalidUpload."""
    part = _file_part(key, value)
    if part is None:
        return value
    with ExitStack() as stack:
        source = _open(part, stack)
        data = source if isinstance(source, bytes) else source.read()
    return f"data:{part.content_type};base64,{base64.b64encode(data).decode()}"


def _check_mapping(params: Any) -> None:
    if not isinstance(params, Mapping):
        raise InvalidParams("params must be a dict of inputs and their values.", hint='For example {"prompt": "a cat"}.')


def load_workflow(workflow: Any) -> dict[str, Any]:
    """Return a workflow given as a dict, or as the path of a file with one, in the API format or the editor's.

    Raises InvalidWorkflow and its kin.
    """
    found = workflow_source(workflow).workflow
    return found if is_editor_workflow(found) else check_workflow(found)


def workflow_source(workflow: Any) -> WorkflowSource:
    """Return the workflow that a dict is, or that a file has in it: its path, its bytes or the file itself, open and seekable."""
    if isinstance(workflow, str | Path):
        return open_source(Path(workflow), str(workflow))
    if isinstance(workflow, bytes | bytearray):
        return read_source(bytes(workflow), "The workflow")
    return read_source(workflow, "The workflow") if _is_source(workflow) else of_json(workflow, "The workflow")


def load_app_file(app_file: Any) -> dict[str, Any]:
    """Return a view_comfy.json given as a dict or as its path; raise BadInput for what is not even an object of JSON."""
    if isinstance(app_file, str | Path):
        app_file = read_json(_read(app_file, "app file"), str(app_file))
    if not isinstance(app_file, dict):
        raise BadInput("An app file must be a JSON object.", hint="In ViewComfy's editor, download the app as view_comfy.json.")
    return app_file


def _read(path: str | Path, what: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as fault:
        raise InvalidUpload(f"The {what} cannot be read: {fault}.") from fault


def json_text(values: Mapping[str, Any]) -> str:
    """Return values as JSON; raise InvalidParams naming the one that JSON cannot hold."""
    try:
        return json.dumps(values, allow_nan=False)
    except (TypeError, ValueError):
        bad = next(key for key, value in values.items() if not _fits(value))
    raise InvalidParams(
        f"{bad!r} is {type(values[bad]).__name__} {values[bad]!r:.80}, which is neither a value of JSON nor a file.",
        hint="Send text, a number, True, False, None, a list, a Path, bytes or an open binary file.",
    )


def _fits(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


def _file_part(key: str, value: Any) -> FilePart | None:
    """Return the part for a value that is a file, None for any other."""
    if isinstance(value, tuple) and 2 <= len(value) <= 3 and isinstance(value[0], str) and _is_source(value[1]):
        source = _source(key, value[1])
        return FilePart(key, value[0], value[2] if len(value) == 3 else content_type_of(value[0]), source)
    if not _is_source(value):
        return None
    source = _source(key, value)
    name = source.name if isinstance(source, Path) else _name_of(source)
    return FilePart(key, name, content_type_of(name), source)


def _is_source(value: Any) -> bool:
    return isinstance(value, Path | bytes | bytearray | memoryview) or callable(getattr(value, "read", None))


def _source(key: str, value: Any) -> Source:
    if isinstance(value, Path):
        if not value.is_file():
            raise InvalidUpload(f"The file for {key!r}, {str(value)!r}, does not exist.")
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, io.TextIOBase):
        raise InvalidUpload(f"The file for {key!r} was opened as text.", hint='Open it with mode "rb".')
    return cast(BinaryIO, value)


def _name_of(source: bytes | BinaryIO) -> str:
    name = getattr(source, "name", None)
    return Path(name).name if isinstance(name, str) and name else "upload"
