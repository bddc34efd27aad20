"""What must be true at the end: one result for every accepted job, whole outputs, nothing left running, nobody waits."""

from __future__ import annotations

import asyncio
import io
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
from PIL import Image

from tests.chaos.load import DEPLOYMENT, Call, get

SETTLE_SECONDS = 240.0
"""How long the rest may take once everything is mended."""


@dataclass(slots=True)
class Verdict:
    """What was found; `faults` is empty when all is well."""

    accepted: int = 0
    succeeded: int = 0
    attempts: Counter[int] = field(default_factory=Counter)
    settled_after: float = 0.0
    faults: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Return it for people."""
        tried = ", ".join(f"{count:,} at attempt {attempt}" for attempt, count in sorted(self.attempts.items()))
        lines = [
            f"{self.accepted:,} jobs accepted, {self.succeeded:,} succeeded ({tried}); the last {self.settled_after:.0f} s after the load"
        ]
        return "\n".join([*lines, *(f"FAULT: {fault}" for fault in self.faults[:20]), f"{len(self.faults)} faults"])


async def judge(client: httpx2.AsyncClient, urls: list[str], calls: Sequence[Call]) -> Verdict:
    """Wait until the site has settled, then look at every job."""
    verdict = Verdict(accepted=sum(call.accepted for call in calls))
    await _settle(client, urls, verdict)
    gate = asyncio.Semaphore(8)

    async def look(call: Call) -> None:
        async with gate:
            verdict.faults += [f"{call.prompt_id}: {fault}" for fault in await _faults_of(client, urls, call, verdict)]

    async with asyncio.TaskGroup() as group:
        for call in calls:
            if call.accepted:
                group.create_task(look(call))
    return verdict


async def _settle(client: httpx2.AsyncClient, urls: list[str], verdict: Verdict) -> None:
    begun = time.monotonic()
    while left := [job for status in ("queued", "running") for job in (await get(client, urls, f"/api/jobs?status={status}"))["jobs"]]:
        if time.monotonic() - begun > SETTLE_SECONDS:
            verdict.faults += [f"{job['prompt_id']} is still {job['status']}" for job in left]
            break
        await asyncio.sleep(0.5)
    verdict.settled_after = time.monotonic() - begun


async def _faults_of(client: httpx2.AsyncClient, urls: list[str], call: Call, verdict: Verdict) -> list[str]:
    job = await get(client, urls, f"/api/jobs/{call.prompt_id}")
    if job["status"] != "succeeded":
        return [f"it is {job['status']}: {job.get('error')}"]
    verdict.succeeded += 1
    faults = await _faults_of_outputs(client, urls, call, job["outputs"])
    ends = await _ends_told(client, urls, call, verdict)
    if ends != 1:
        faults.append(f"its events tell {ends} ends")
    if call.ends_seen not in (None, 1):
        faults.append(f"its follower saw {call.ends_seen} ends")
    return faults


async def _faults_of_outputs(client: httpx2.AsyncClient, urls: list[str], call: Call, outputs: list[dict[str, Any]]) -> list[str]:
    if len(outputs) != 1:
        return [f"it has {len(outputs)} outputs"]
    path = urlsplit(outputs[0]["url"]).path
    data = (await client.get(f"{urls[0]}{path}")).content
    if len(data) != outputs[0]["size"]:
        return [f"its output has {len(data)} bytes of {outputs[0]['size']}"]
    with Image.open(io.BytesIO(data)) as picture:
        shown = picture.convert("RGB").getpixel((3, 3))
    wanted = (call.color >> 16, call.color >> 8 & 255, call.color & 255)
    return [] if shown == wanted else [f"its output is {shown}, not {wanted}: another job's"]


async def _ends_told(client: httpx2.AsyncClient, urls: list[str], call: Call, verdict: Verdict) -> int:
    text = (await client.get(f"{urls[-1]}/api/jobs/{call.prompt_id}/events")).text
    final = [line for line in text.splitlines() if line.startswith("data:") and '"status":"succeeded"' in line.replace(" ", "")]
    for line in final[:1]:
        verdict.attempts[int(line.replace(" ", "").partition('"attempt":')[2].split(",")[0].rstrip("}"))] += 1
    return len(final)


async def deploy(client: httpx2.AsyncClient, url: str, workflow: dict[str, Any]) -> dict[str, str]:
    """Deploy what the callers call, once a worker is there; return the headers of a key."""
    deadline = time.monotonic() + 60
    while not (await get(client, [url], "/api/workers"))["workers"]:
        assert time.monotonic() < deadline, "no worker has joined"
        await asyncio.sleep(0.2)
    (await client.put(f"{url}/api/deployments/{DEPLOYMENT}", json={"workflow_api": workflow})).raise_for_status()
    key = (await client.post(f"{url}/api/keys", json={"name": "callers"})).raise_for_status().json()
    return {"client_id": key["client_id"], "client_secret": key["client_secret"]}
