"""A server in a process of its own, to be killed or stopped: it leads whenever no other does, and says so on its standard output."""

from __future__ import annotations

import asyncio
import sys

from viewcomfy.engine.nats.engine import NatsEngine
from viewcomfy.store.store import Store


async def main(url: str, database: str, lease_seconds: str) -> None:
    store = await Store.open(database)
    async with NatsEngine(url, (store.queue, store.events), lease_seconds=float(lease_seconds)) as engine:
        led = False
        while True:
            if engine.leads != led:
                led = engine.leads
                print("leads" if led else "follows", flush=True)
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
