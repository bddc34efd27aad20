"""Collect what a job saves, node by node as it is announced, from ComfyUI straight into files."""

from __future__ import annotations

from collections.abc import AsyncIterator

from viewcomfy.comfy.link import Link
from viewcomfy.comfy.messages import NodeOutput
from viewcomfy.comfy.node_output import SavedFile, output_entries, text_outputs
from viewcomfy.comfy.process import Folders
from viewcomfy.core.outputs import Output, content_type_of, safe_filename, unique_filenames
from viewcomfy.files.base import Files


class Collector:
    """Keeps the outputs of one attempt below `prefix`; each attempt has a prefix of its own, so a late one harms nobody."""

    def __init__(self, files: Files, folders: Folders | None, link: Link, prefix: str) -> None:
        self._files = files
        self._folders = folders
        self._link = link
        self._prefix = prefix
        self._seen: set[SavedFile] = set()
        self.outputs: list[Output] = []

    async def take(self, message: NodeOutput) -> list[Output]:
        """Put the files and texts that a node announced into files; return them as outputs."""
        fresh = [entry for entry in output_entries(message.ui) if entry not in self._seen]
        self._seen.update(fresh)
        outputs = [await self._keep_file(entry, message.node_id) for entry in fresh]
        texts = text_outputs(message.ui)
        if texts:
            outputs.append(await self._keep_text("\n".join(texts), message.node_id))
        return outputs

    async def _keep_file(self, entry: SavedFile, node_id: str) -> Output:
        filename = self._name(entry.filename)
        key = f"{self._prefix}/{filename}"
        path = self._folders.path_of(entry) if self._folders else None
        if path is not None:
            size = await self._files.put_file(key, path)
        else:
            size = await self._files.put(key, self._link.api.view(entry))
        return self._add(filename, size, key, node_id)

    async def _keep_text(self, text: str, node_id: str) -> Output:
        filename = self._name(f"text_{node_id}.txt")
        key = f"{self._prefix}/{filename}"
        return self._add(filename, await self._files.put(key, _once(text.encode())), key, node_id)

    def _add(self, filename: str, size: int, key: str, node_id: str) -> Output:
        output = Output(filename, content_type_of(filename), size, key, node_id)
        self.outputs.append(output)
        return output

    def _name(self, wanted: str) -> str:
        names = [output.filename for output in self.outputs]
        return unique_filenames([*names, safe_filename(wanted, "output")])[-1]


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
