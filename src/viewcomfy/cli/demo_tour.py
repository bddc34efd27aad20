"""The demo's tour: deploy the samples, make a key, call both through the API, say what to do next."""

from __future__ import annotations

import asyncio
import json
import random
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text

from viewcomfy.cli import show
from viewcomfy.cli.process import first_of, told_by_signals
from viewcomfy.cli.samples import PHOTO_EFFECT, SAMPLES, TEXT_TO_IMAGE, sample_workflow
from viewcomfy.cli.samples.photo import photo
from viewcomfy.cli.serving import Running, running_server
from viewcomfy.cli.watch import JobView
from viewcomfy.client.async_client import AsyncClient
from viewcomfy.core.errors import JobCanceled, UnknownDeployment
from viewcomfy.service.deployer import Wanted
from viewcomfy.service.services import Services
from viewcomfy.settings import Settings

KEY_NAME = "viewcomfy demo"
PROMPT = "a lighthouse"
PHOTO = "photo.jpg"


@dataclass(frozen=True, slots=True)
class DemoKey:
    """The key that the demo calls with."""

    client_id: str
    client_secret: str


async def tour(settings: Settings, folder: Path, *, keep: bool, url_again: str, again: str) -> None:
    """Show everything once, on a server of its own; with `keep` go on serving. Ctrl-C raises JobCanceled before the end."""
    await asyncio.to_thread(put_photo, folder)
    with told_by_signals() as told:
        async with running_server(settings, told) as running:
            key = await make_key(running.opened.services)
            await first_of(_calls(running, key, folder), told.once.wait())
            if told.once.is_set():
                raise JobCanceled("The demo was canceled.", hint="Run it again: it goes on where it stopped.")
            _say_pictures(folder)
            _line("The tiny models know no objects: prompts set the tint, seeds the shapes.")
            if running.opened.admin_token and settings.admin_token is None:
                _headline("Admin token, for the dashboard and for commands such as `viewcomfy deploy`; it is not shown again")
                _line(f"export VIEWCOMFY_ADMIN_TOKEN={running.opened.admin_token}")
            if keep:
                _headline("It goes on serving; Ctrl-C stops it. Call it from anywhere")
                _say_calls(running.url, key)
                await told.once.wait()
        if not keep:
            _headline("Serve it")
            _line(again)
            _headline("and call it from anywhere")
            _say_calls(url_again, key)


async def _calls(running: Running, key: DemoKey, folder: Path) -> None:
    show.say("Deploying the samples: ComfyUI says whether it can run them, and starts for that if need be…", show.out())
    for name in SAMPLES:
        await deploy_sample(running.opened.services, name)
    show.say(Text.assemble("Serving at ", (running.url, "bold"), f", with {' and '.join(SAMPLES)} deployed"), show.out())
    async with AsyncClient(running.url, client_id=key.client_id, client_secret=key.client_secret) as client:
        seed = random.SystemRandom().randint(0, 2**32)
        await _call(client, TEXT_TO_IMAGE, {"prompt": PROMPT, "seed": seed}, folder)
        await _call(client, PHOTO_EFFECT, {"photo": folder / PHOTO}, folder)


def put_photo(folder: Path) -> None:
    """Write the sample photo into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PHOTO).write_bytes(photo())


async def deploy_sample(services: Services, name: str) -> None:
    """Deploy a sample, unless it is deployed as it is."""
    workflow = sample_workflow(name)
    try:
        if (await services.deployments.get(name)).workflow == workflow:
            return
    except UnknownDeployment:
        pass
    await services.deployer.deploy(name, Wanted(workflow=workflow, changes={}, allow_breaking=True))


async def make_key(services: Services) -> DemoKey:
    """Make a key for the samples; the one of an earlier demo ends, so that they don't pile up."""
    for old in await services.keys.list():
        if old.name == KEY_NAME and old.revoked_at is None:
            await services.keys.revoke(old.client_id)
    key, secret = await services.keys.create(KEY_NAME, list(SAMPLES), allow_override=False)
    return DemoKey(key.client_id, secret)


async def _call(client: AsyncClient, name: str, params: Mapping[str, Any], folder: Path) -> None:
    console = show.out()
    _headline(f"viewcomfy run {name} " + " ".join(f"--{name} {_shown(value)}" for name, value in params.items()))
    job = await client.run(name, params)
    with JobView(console) as view:
        async for event in job.events():
            view.show(event)
    result = await job.result()
    saved = [await output.save(folder / f"{name}{Path(output.filename).suffix}") for output in result.outputs]
    names = ", ".join(str(path) for path in saved)
    show.say(Text(f"✓ {names} in {show.seconds(result.execution_time_seconds)}", style="green"), console)


def _shown(value: Any) -> str:
    return shlex.quote(str(value))


def _say_pictures(folder: Path) -> None:
    _headline("The pictures")
    for path in sorted(path for path in folder.iterdir() if path.stem in SAMPLES):
        _line(str(path))


def _say_calls(url: str, key: DemoKey) -> None:
    for line in curl_lines(url, key):
        show.lines([line])
    _headline("The dashboard, for the admin token")
    _line(f"{url}/")
    _headline("The playground of a sample, for whoever has this link")
    _line(f"{url}/play/{TEXT_TO_IMAGE}#share={key.client_id}:{key.client_secret}")


def curl_lines(url: str, key: DemoKey) -> list[str]:
    """Return a call of the text-to-image sample for a shell, in lines that fit a terminal and can be pasted together."""
    params = json.dumps({"prompt": PROMPT, "seed": 42}, separators=(",", ":"))
    return [
        f"  curl -sSN {url}/d/{TEXT_TO_IMAGE}/infer \\",
        f"    -H 'client_id: {key.client_id}' \\",
        f"    -H 'client_secret: {key.client_secret}' \\",
        "    -F logs=true \\",
        f"    --form-string 'params={params}' \\",
        """    | sed -u 's/"data":"[^"]*/"data":"…/'""",  # the whole picture, in base64
    ]


def _headline(text: str) -> None:
    show.say(Text(f"\n{text}", style="bold"), show.out())


def _line(text: str) -> None:
    show.lines([f"  {text}"])
