"""Run one deployment on many photos at once and save each picture as soon as it is there."""

import asyncio
from pathlib import Path

from viewcomfy import AsyncClient


async def main() -> None:
    async with AsyncClient("http://127.0.0.1:8000", client_id="<client id>", client_secret="<client secret>") as client:

        async def edit(photo: Path) -> None:
            result = await client.infer("my-deployment", {"1-inputs-image": photo}, timeout=600)
            print(photo, "->", await result.save("out"))

        async with asyncio.TaskGroup() as tasks:
            for photo in Path("photos").glob("*.png"):
                tasks.create_task(edit(photo))


asyncio.run(main())
