"""The HTTP API of one ComfyUI."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from viewcomfy.comfy.failures import rejection
from viewcomfy.comfy.node_output import SavedFile
from viewcomfy.core.errors import BackendCrashed, BackendUnresponsive, InvalidUpload, TooLarge, UnknownFile, WorkflowRejected

if TYPE_CHECKING:
    import aiohttp  # imported where it is used: it takes a tenth of a server's start, and no backend is started then

CHUNK = 256 * 1024
_encode = json.JSONEncoder(separators=(",", ":")).encode
JSON_HEADERS = {"Content-Type": "application/json"}
KEEP_ALIVE = 30.0
"""Seconds an idle connection is used again: below the 75 s after which ComfyUI closes it, so that no request meets a closing one."""


@dataclass(frozen=True, slots=True)
class QueueState:
    """The prompt_ids that a ComfyUI runs and keeps waiting, its own users' included."""

    running: frozenset[str]
    pending: frozenset[str]

    def __contains__(self, prompt_id: object) -> bool:
        return prompt_id in self.running or prompt_id in self.pending


class ComfyApi:
    """Talk to one ComfyUI. Every call ends: `timeout` seconds without a byte raise BackendUnresponsive, no connection BackendCrashed."""

    def __init__(self, base_url: str, *, timeout: float = 60.0, connect_timeout: float = 5.0) -> None:
        self.base_url = base_url.rstrip("/")
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The connections, made in the loop that first uses them. No proxy of the environment is asked for 127.0.0.1."""
        if self._session is None:
            import aiohttp

            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(keepalive_timeout=KEEP_ALIVE, limit=0),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_timeout, sock_read=self._timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Accept-Encoding": "identity"},
            )
        return self._session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def system_stats(self, *, timeout: float = 10.0) -> dict[str, Any]:
        """Return versions, the command line and the devices; the cheapest question there is."""
        return await self._object("GET", "/system_stats", timeout=timeout)

    async def object_info(self) -> bytes:
        """Return every node class with its inputs and outputs, as the JSON that came: it is 0.5 MB and holds ComfyUI up for 0.3 s."""
        answer = await self._request("GET", "/object_info")
        _check(answer, "GET /object_info")
        return answer.body

    async def queue_prompt(
        self, workflow: Mapping[str, Any], prompt_id: str, sid: str, extra_data: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        """Queue a workflow under this prompt_id; return the faults of the outputs that ComfyUI will silently leave out, most often none.

        Raises UnknownNodeClass, MissingModel, InvalidUpload or WorkflowRejected with every fault that ComfyUI named.
        """
        body = _encode({"prompt": workflow, "prompt_id": prompt_id, "client_id": sid, "extra_data": dict(extra_data or {})})
        answer = await self._request("POST", "/prompt", data=body.encode(), headers=JSON_HEADERS)
        if answer.status == 400:
            raise rejection(answer.body)
        if answer.status == 413:
            raise TooLarge("The workflow is larger than ComfyUI accepts.", hint="Start ComfyUI with a larger --max-upload-size.")
        if answer.status != 200:
            text = answer.body.decode(errors="replace").strip().splitlines()[:1]
            raise WorkflowRejected(f"ComfyUI could not read the workflow: {' '.join(text) or answer.status}")
        errors = self._object_of(answer).get("node_errors")
        return errors if isinstance(errors, dict) else {}

    async def queue(self) -> QueueState:
        """Return what runs and what waits."""
        state = await self._object("GET", "/queue", timeout=10.0)
        return QueueState(_prompt_ids(state.get("queue_running")), _prompt_ids(state.get("queue_pending")))

    async def history(self, prompt_id: str) -> Mapping[str, Any] | None:
        """Return what the history holds of a prompt (`outputs`, `status`), None while it has not ended."""
        entry = (await self._object("GET", f"/history/{quote(prompt_id, safe='')}")).get(prompt_id)
        return entry if isinstance(entry, dict) else None

    async def interrupt(self, prompt_id: str) -> None:
        """Interrupt the prompt if it is the running one; nodes that never check go on."""
        await self._send("POST", "/interrupt", {"prompt_id": prompt_id})

    async def delete_pending(self, prompt_id: str) -> None:
        """Take the prompt out of the queue if it waits there; no message tells of it."""
        await self._send("POST", "/queue", {"delete": [prompt_id]})

    async def forget(self, prompt_id: str) -> None:
        """Drop the prompt from the history, which otherwise keeps the last 10,000 workflows in ComfyUI's memory."""
        await self._send("POST", "/history", {"delete": [prompt_id]})

    async def free(self) -> None:
        """Unload every model and empty the caches, before the next prompt begins."""
        await self._send("POST", "/free", {"unload_models": True, "free_memory": True})

    async def subscribe_logs(self, sid: str, *, enabled: bool = True) -> None:
        """Have ComfyUI's log sent to this socket; a closed socket is forgotten."""
        await self._send("PATCH", "/internal/logs/subscribe", {"clientId": sid, "enabled": enabled})

    async def upload(
        self, name: str, content: AsyncIterator[bytes], *, subfolder: str = "", folder_type: str = "input", overwrite: bool = False
    ) -> SavedFile:
        """Store a file, streamed, in ComfyUI's folder; the answer's name may differ: other bytes under a taken name get a number."""
        boundary = secrets.token_hex(16)
        fields = {"subfolder": subfolder, "type": folder_type, **({"overwrite": "true"} if overwrite else {})}
        before, after = _form_around_file(boundary, fields, name)
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        body = _joined(before, content, after)
        try:
            answer = await self._request("POST", "/upload/image", data=body, headers=headers)
        finally:
            await _close(body, content)
        if answer.status == 413:
            raise TooLarge(f"'{name}' is larger than this ComfyUI accepts.", hint="Start it with a larger --max-upload-size.")
        if answer.status != 200:
            raise InvalidUpload(f"ComfyUI refused the file '{name}' ({answer.status}).")
        stored = self._object_of(answer)
        return SavedFile(str(stored.get("name") or name), str(stored.get("subfolder") or ""), str(stored.get("type") or folder_type))

    async def view(self, saved: SavedFile) -> AsyncIterator[bytes]:
        """Yield a file's bytes in chunks of at most CHUNK; raises UnknownFile where ComfyUI does not have it."""
        params = {"filename": saved.filename, "subfolder": saved.subfolder, "type": saved.folder_type}
        with _translated("GET /view"):
            async with self.session.get(f"{self.base_url}/view", params=params) as response:
                if response.status != 200:
                    raise UnknownFile(f"ComfyUI does not have the file '{saved.filename}' any more.", details={"status": response.status})
                async for chunk in response.content.iter_chunked(CHUNK):
                    yield chunk

    async def _request(self, method: str, path: str, *, timeout: float | None = None, **options: Any) -> _Answer:
        import aiohttp

        if timeout is not None:
            options["timeout"] = aiohttp.ClientTimeout(total=timeout)
        with _translated(f"{method} {path}"):
            async with self.session.request(method, self.base_url + path, **options) as response:
                return _Answer(response.status, await response.read())

    async def _send(self, method: str, path: str, value: Mapping[str, Any]) -> None:
        answer = await self._request(method, path, data=json.dumps(value).encode(), headers=JSON_HEADERS)
        _check(answer, f"{method} {path}")

    async def _object(self, method: str, path: str, *, timeout: float | None = None) -> dict[str, Any]:
        answer = await self._request(method, path, timeout=timeout)
        _check(answer, f"{method} {path}")
        return self._object_of(answer)

    def _object_of(self, answer: _Answer) -> dict[str, Any]:
        try:
            value = json.loads(answer.body)
        except (ValueError, RecursionError) as fault:
            raise BackendUnresponsive(f"What answers at {self.base_url} is not a ComfyUI.") from fault
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True, slots=True)
class _Answer:
    """The status and the body of an answer."""

    status: int
    body: bytes


async def file_chunks(path: Path) -> AsyncIterator[bytes]:
    """Yield a file's bytes in chunks of CHUNK, read outside the event loop."""
    with await asyncio.to_thread(path.open, "rb") as file:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk


async def _close(*sources: AsyncIterator[bytes]) -> None:
    """Close generators that a refusal has left half way, with the files that they hold open."""
    for source in sources:
        if isinstance(source, AsyncGenerator):
            with suppress(RuntimeError):  # it is being ended elsewhere
                await source.aclose()


def _form_around_file(boundary: str, fields: Mapping[str, str], name: str) -> tuple[bytes, bytes]:
    """Return what stands before and after the file's bytes in a multipart form."""
    before = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n' for field, value in fields.items()
    )
    filename = name.replace("\\", "\\\\").replace('"', '\\"').replace("\r", " ").replace("\n", " ")
    before += f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{filename}"\r\n'
    return f"{before}Content-Type: application/octet-stream\r\n\r\n".encode(), f"\r\n--{boundary}--\r\n".encode()


async def _joined(before: bytes, content: AsyncIterator[bytes], after: bytes) -> AsyncIterator[bytes]:
    yield before
    async for chunk in content:
        yield chunk
    yield after


def _prompt_ids(items: Any) -> frozenset[str]:
    """Read the prompt_ids out of the queue's items: `[number, prompt_id, workflow, …]`."""
    rows = items if isinstance(items, list) else ()
    return frozenset(str(row[1]) for row in rows if isinstance(row, list) and len(row) > 1)


def _check(answer: _Answer, what: str) -> None:
    if answer.status >= 300:
        raise BackendUnresponsive(f"ComfyUI answered {answer.status} to {what}.")


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Turn transport errors into ours."""
    import aiohttp

    try:
        yield
    except TimeoutError as fault:
        raise BackendUnresponsive(f"ComfyUI did not answer {what} in time.") from fault
    except (aiohttp.ClientError, OSError) as fault:
        raise BackendCrashed(f"The connection to ComfyUI broke at {what}: {str(fault) or type(fault).__name__}.") from fault
