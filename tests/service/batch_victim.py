"""A server in miniature that is killed: it accepts batches with files, several at a time, and says so on its standard output."""

from __future__ import annotations

import asyncio
import sys
import uuid
from pathlib import Path

from tests.service.batch_kit import Office, png
from tests.service.kit import open_desk
from viewcomfy.core.deployments import Deployment

JOBS = 100


def say(*words: str) -> None:
    print(*words, flush=True)


async def client(office: Office, deployment: Deployment, name: str) -> None:
    caller = await office.desk.new_caller()
    for _ in range(20):
        batch_id = str(uuid.uuid4())
        say("submitting", batch_id)
        file = office.desk.file(png(), filename=f"{name}.png")
        await office.submit(deployment, {"grid": {"seed": list(range(JOBS))}}, file, batch_id=batch_id, caller=caller)
        say("accepted", batch_id)


async def main(folder: Path) -> None:
    async with open_desk(folder, max_queue=1_000_000) as desk, asyncio.TaskGroup() as group:
        office, deployment = Office(desk), await desk.deploy()
        for number in range(3):
            group.create_task(client(office, deployment, f"client-{number}"))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
