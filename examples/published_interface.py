"""A script written for ViewComfy's hosted API: only this import has changed."""

import asyncio
import base64
from pathlib import Path

from viewcomfy.compat import infer_with_logs


async def main() -> None:
    with open("photo.png", "rb") as photo:
        result = await infer_with_logs(
            api_url="http://127.0.0.1:8000/d/my-deployment/infer",
            params={"1-inputs-image": photo},
            logging_callback=print,
            client_id="<client id>",
            client_secret="<client secret>",
        )
    for file in result.outputs if result else []:
        Path(file.filename).write_bytes(base64.b64decode(file.data))


asyncio.run(main())
