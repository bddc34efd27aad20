"""Collect what a job saves, node by node as it is announced, from ComfyUI straight into files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from viewcomfy.comfy.api import file_chunks
from viewcomfy.comfy.link import Link
from viewcomfy.comfy.messages import NodeOutput
from viewcomfy.comfy.node_output import SavedFile, output_entries, text_outputs
from viewcomfy.comfy.process import Folders
from viewcomfy.core.errors import UnknownFile, WorkflowFailed
from viewcomfy.core.outputs import Output, content_type_of, safe_filename, unique_filenames
from viewcomfy.files.base import Files
from viewcomfy.worker.bare_files import bare_chunks, spooled
from viewcomfy.worker.patience import patiently


class Collector:
    """Keeps the outputs of one attempt under keys that begin with `prefix`, its own, so that a late attempt harms nobody.

    `own` is the folder below ComfyUI's output folder that only this attempt writes to. `bare` takes the workflow out of what it keeps.
    """

    def __init__(self, files: Files, folders: Folders | None, link: Link, *, prefix: str, own: str, bare: bool = False) -> None:
        self._files = files
        self._folders = folders
        self._link = link
        self._prefix = prefix
        self._own = own
        self._bare = bare
        self._seen: set[SavedFile] = set()
        self.outputs: list[Output] = []

    async def take(self, message: NodeOutput) -> list[Output]:
        """Put the files and texts that a node announced into files; return them as outputs. Raises WorkflowFailed, DiskFull."""
        fresh = [entry for entry in output_entries(message.ui) if entry not in self._seen]
        self._seen.update(fresh)
        outputs = [await self._keep_file(entry, message.node_id) for entry in fresh]
        texts = text_outputs(message.ui)
        if texts:
            outputs.append(await self._keep_text("\n".join(texts), message.node_id))
        return outputs

    async def _keep_file(self, entry: SavedFile, node_id: str) -> Output:
        filename = self._name(entry.filename)
        key = f"{self._prefix}{filename}"
        try:
            size = await patiently(lambda: self._bring(entry, key))
        except (UnknownFile, FileNotFoundError) as gone:
            message = f"Node {node_id} says that it saved '{entry.filename}', but ComfyUI has no such file."
            raise WorkflowFailed(message, details={"node_id": node_id}) from gone
        return self._add(filename, size, key, node_id)

    async def _bring(self, entry: SavedFile, key: str) -> int:
        path = self._folders.path_of(entry) if self._folders else None
        if self._bare:
            return await self._bring_bare(entry, path, key)
        if path is None:
            return await self._files.put(key, self._link.api.view(entry))
        if entry.folder_type == "output" and f"{entry.subfolder}/".startswith(f"{self._own}/"):
            return await self._files.put_file(key, path)
        return await self._files.put(key, file_chunks(path))  # a copy: the next job may write over it

    async def _bring_bare(self, entry: SavedFile, path: Path | None, key: str) -> int:
        if path is not None:
            return await self._files.put(key, bare_chunks(path))
        async with spooled(self._link.api.view(entry)) as copy:
            return await self._files.put(key, bare_chunks(copy))

    async def _keep_text(self, text: str, node_id: str) -> Output:
        filename = self._name(f"text_{node_id}.txt")
        key = f"{self._prefix}{filename}"
        size = await patiently(lambda: self._files.put(key, _once(text.encode())))
        return self._add(filename, size, key, node_id)

    def _add(self, filename: str, size: int, key: str, node_id: str) -> Output:
        output = Output(filename, content_type_of(filename), size, key, node_id)
        self.outputs.append(output)
        return output

    def _name(self, wanted: str) -> str:
        names = [output.filename for output in self.outputs]
        return unique_filenames([*names, safe_filename(wanted, "output")])[-1]


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
