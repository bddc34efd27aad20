"""The websockets of the fake, and the one queue through which every message leaves in order."""

from __future__ import annotations

import asyncio
import json
import struct
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

SERVER_FEATURES = {"supports_preview_metadata": True, "max_upload_size": 104857600}
PREVIEW, TEXT, PREVIEW_WITH_METADATA = 1, 3, 4
JPEG = 1
GONE = (RuntimeError, OSError, WebSocketDisconnect)


class Hub:
    """One socket for each sid: a second one with the same sid takes the first one's place, and loses it when the first ends."""

    def __init__(self, thawed: asyncio.Event) -> None:
        self.sockets: dict[str, WebSocket] = {}
        self.log_readers: set[str] = set()
        self._features: dict[str, dict[str, Any]] = {}
        self._outbox: asyncio.Queue[tuple[str | None, str | bytes]] = asyncio.Queue()
        self._thawed = thawed

    def send(self, kind: str, data: dict[str, Any], sid: str | None = None) -> None:
        """Queue a message as it is now for one socket, or for all."""
        if self.sockets and (sid is None or sid in self.sockets):
            self._outbox.put_nowait((sid, json.dumps({"type": kind, "data": data})))

    def send_bytes(self, kind: int, data: bytes, sid: str | None = None) -> None:
        """Queue a binary message: its kind as four bytes, then the data."""
        self._outbox.put_nowait((sid, struct.pack(">I", kind) + data))

    def send_preview(self, jpeg: bytes, metadata: dict[str, Any], sid: str | None) -> None:
        """Queue a preview, with metadata where the socket said that it understands it."""
        if self.wants_metadata(sid):
            described = json.dumps({**metadata, "image_type": "image/jpeg"}).encode()
            self.send_bytes(PREVIEW_WITH_METADATA, struct.pack(">I", len(described)) + described + jpeg, sid)
        else:
            self.send_bytes(PREVIEW, struct.pack(">I", JPEG) + jpeg, sid)

    def wants_metadata(self, sid: str | None) -> bool:
        """Say whether this socket negotiated previews with metadata."""
        return self._features.get(sid or "", {}).get("supports_preview_metadata") is True

    def send_logs(self, entries: list[dict[str, str]]) -> None:
        """Queue log entries for the sockets that subscribed."""
        self.log_readers &= self.sockets.keys()
        for sid in self.log_readers:
            self.send("logs", {"entries": entries, "size": None}, sid)

    async def publish(self) -> None:
        """Send what is queued, for ever; like ComfyUI's, one slow socket holds up the others."""
        while True:
            sid, message = await self._outbox.get()
            await self._thawed.wait()
            for socket in self._receivers(sid):
                await _send(socket, message)

    async def serve(self, socket: WebSocket, greet: Callable[[str], Awaitable[None]]) -> None:
        """Keep a socket until it ends."""
        await socket.accept()
        sid = socket.query_params.get("clientId", "") or uuid.uuid4().hex
        self.sockets[sid] = socket
        self._features[sid] = {}
        try:
            await greet(sid)
            await self._listen(socket, sid)
        except GONE:
            pass  # the other side has gone, which is how sockets end
        finally:
            self.sockets.pop(sid, None)
            self._features.pop(sid, None)

    async def send_now(self, kind: str, data: dict[str, Any], sid: str) -> None:
        """Send a message past the queue."""
        if sid in self.sockets:
            await _send(self.sockets[sid], json.dumps({"type": kind, "data": data}))

    def _receivers(self, sid: str | None) -> list[WebSocket]:
        if sid is None:
            return list(self.sockets.values())
        return [self.sockets[sid]] if sid in self.sockets else []

    async def _listen(self, socket: WebSocket, sid: str) -> None:
        first = True
        async for text in socket.iter_text():
            try:
                message = json.loads(text)
            except json.JSONDecodeError:
                continue
            if first and isinstance(message, dict) and message.get("type") == "feature_flags":
                self._features[sid] = message.get("data", {})
                await self.send_now("feature_flags", SERVER_FEATURES, sid)
            first = False


async def _send(socket: WebSocket, message: str | bytes) -> None:
    try:
        await (socket.send_text(message) if isinstance(message, str) else socket.send_bytes(message))
    except GONE:
        return
