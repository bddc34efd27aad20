"""The callers: they send short jobs, again where no answer came, and some of them follow their job to its end."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx2

DEPLOYMENT = "plain"
TRY_AGAIN = frozenset({429, 500, 502, 503, 504, 507})
"""What a caller may answer by sending the same call again. 500 is counted: it should not come."""
PATIENCE = 10.0


@dataclass(slots=True)
class Call:
    """One call: its job's prompt_id is the caller's own, so that it can be sent again without harm."""

    color: int
    prompt_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    accepted: bool = False
    tries: int = 0
    ends_seen: int | None = None
    """How many final events a follower of the job has seen; None where nobody followed it."""


class Callers:
    """Send calls to servers of which any may be away."""

    def __init__(self, urls: list[str], headers: dict[str, str], rng: random.Random) -> None:
        self._urls = urls
        self._headers = headers
        self._rng = rng
        self.calls: list[Call] = []
        self.unexpected: list[str] = []
        self.refused = 0

    async def run(self, total: int, *, seconds: float, at_once: int = 12) -> None:
        """Have `total` calls accepted, spread over about `seconds`."""
        begun = time.monotonic()
        numbers = iter(range(total))

        async def caller() -> None:
            async with self._client() as client:
                for number in numbers:
                    await asyncio.sleep(max(0.0, begun + seconds * number / total - time.monotonic()))
                    await self._call(client, number)

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(caller())

    def _client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(headers=self._headers, timeout=PATIENCE, trust_env=False)

    async def _call(self, client: httpx2.AsyncClient, number: int) -> None:
        call = Call(color=number % 0xFFFFFF)
        self.calls.append(call)
        for url in itertools.cycle(self._rng.sample(self._urls, len(self._urls))):
            call.tries += 1
            if await self._accepted(client, url, call):
                break
            await asyncio.sleep(self._rng.uniform(0.05, 0.5))
        call.accepted = True
        if number % 10 == 0:
            call.ends_seen = await self._follow(client, call)

    async def _accepted(self, client: httpx2.AsyncClient, url: str, call: Call) -> bool:
        body = {"inputs": {"1-inputs-color": call.color}, "prompt_id": call.prompt_id}
        try:
            answer = await client.post(f"{url}/d/{DEPLOYMENT}/run", json=body)
        except httpx2.HTTPError:
            return False
        if answer.status_code in (200, 202):  # 200: it came through before, and the job has ended since
            return True
        self.refused += 1
        if answer.status_code not in TRY_AGAIN or answer.status_code == 500:
            self.unexpected.append(f"{answer.status_code} {answer.text[:300]}")
        if answer.status_code not in TRY_AGAIN:
            raise AssertionError(f"a call was answered with {answer.status_code}: {answer.text[:300]}")
        return False

    async def _follow(self, client: httpx2.AsyncClient, call: Call) -> int:
        """Read a job's events, from any server, on from where the last one broke off; return how many ends were told."""
        ends, last = 0, "0"
        while not ends:
            url = self._rng.choice(self._urls)
            try:
                headers = {"Last-Event-ID": last}
                async with client.stream("GET", f"{url}/api/jobs/{call.prompt_id}/events", headers=headers, timeout=30) as answer:
                    async for line in answer.aiter_lines():
                        if line.startswith("id:"):
                            last = line[3:].strip()
                        ends += line.startswith("data:") and _tells_an_end(line)
            except httpx2.HTTPError:
                pass
            await asyncio.sleep(0.2)
        return ends


def _tells_an_end(line: str) -> bool:
    return any(f'"status":"{word}"' in line.replace(" ", "") for word in ("succeeded", "failed", "canceled"))


async def get(client: httpx2.AsyncClient, urls: list[str], path: str) -> Any:
    """Return the JSON that any of the servers answers."""
    for url in itertools.cycle(urls):
        try:
            answer = await client.get(f"{url}{path}")
            if answer.status_code < 500:
                answer.raise_for_status()
                return answer.json()
        except httpx2.TransportError:
            pass
        await asyncio.sleep(0.2)
    raise AssertionError("there is no server")
