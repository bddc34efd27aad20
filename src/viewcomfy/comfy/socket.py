"""The websocket to one ComfyUI: kept open while the backend lives, opened again when it breaks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from viewcomfy.comfy.api import ComfyApi

if TYPE_CHECKING:
    import aiohttp  # as in api.py

OPEN_TIMEOUT = 10.0
FIRST_DELAY, LONGEST_DELAY = 0.05, 5.0
FEATURE_FLAGS = json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
"""Must be the first message: previews then say which prompt and node they show."""


class ComfySocket:
    """Deliver what ComfyUI says to the session `sid`.

    `on_message` gets each raw message; `on_open` is called when the socket is up, with True when it had been up before:
    what was said in between is lost and must be asked for.
    """

    def __init__(
        self,
        api: ComfyApi,
        sid: str,
        *,
        on_message: Callable[[str | bytes], None],
        on_open: Callable[[bool], None],
        give_up_after: float = 30.0,
    ) -> None:
        self._api = api
        self._url = f"{api.base_url}/ws?clientId={quote(sid, safe='')}"
        self._on_message, self._on_open = on_message, on_open
        self._give_up_after = give_up_after
        self._was_open = False
        self._down_since = 0.0
        self._delay = FIRST_DELAY

    async def run(self) -> str:
        """Keep the socket open; return the reason once it could not be opened for `give_up_after` seconds."""
        import aiohttp

        clock = asyncio.get_running_loop().time
        self._down_since = clock()
        while True:
            try:
                async with asyncio.timeout(OPEN_TIMEOUT):
                    # no heartbeat: a node may hold ComfyUI's loop up for minutes; the health check knows better
                    opening = self._api.session.ws_connect(self._url, max_msg_size=0, timeout=aiohttp.ClientWSTimeout(ws_close=1.0))
                    connection = await opening
                async with connection:
                    await self._listen(connection)
                    reason = "ComfyUI closed its socket"
            except (OSError, aiohttp.ClientError) as fault:
                reason = f"{type(fault).__name__}: {fault}"
            if clock() - self._down_since >= self._give_up_after:
                return f"ComfyUI's socket could not be opened for {self._give_up_after:.0f} s ({reason})."
            await asyncio.sleep(self._delay)
            self._delay = min(self._delay * 2, LONGEST_DELAY)

    async def _listen(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        from aiohttp import WSMsgType

        await connection.send_str(FEATURE_FLAGS)
        is_first = True
        try:
            async for message in connection:
                if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    return
                if is_first:  # the greeting: only now does ComfyUI know this session
                    is_first = False
                    self._delay = FIRST_DELAY
                    self._on_open(self._was_open)
                    self._was_open = True
                self._on_message(message.data)
        finally:
            self._down_since = asyncio.get_running_loop().time()
