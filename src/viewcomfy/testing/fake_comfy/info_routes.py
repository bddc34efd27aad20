"""The routes that say what this ComfyUI is and has."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from viewcomfy.testing.fake_comfy.answers import Json, empty
from viewcomfy.testing.fake_comfy.hub import SERVER_FEATURES

if TYPE_CHECKING:
    from viewcomfy.testing.fake_comfy.fake import FakeComfy

VERSION = "0.3.75"
MEMORY = 8 * 1024**3


async def system_stats(fake: FakeComfy, _request: Request) -> Response:
    """Describe the machine and the command line."""
    system = {
        "os": os.name,
        "ram_total": MEMORY,
        "ram_free": MEMORY // 2,
        "comfyui_version": VERSION,
        "required_frontend_version": "1.32.9",
        "installed_templates_version": None,
        "required_templates_version": "0.7.20",
        "python_version": sys.version,
        "pytorch_version": "0.0.0+fake",
        "embedded_python": False,
        "argv": fake.argv,
    }
    memory = {"vram_total": MEMORY, "vram_free": MEMORY // 2, "torch_vram_total": MEMORY, "torch_vram_free": MEMORY // 2}
    return Json({"system": system, "devices": [{"name": "cpu", "type": "cpu", "index": None, **memory}]})


async def object_info(fake: FakeComfy, _request: Request) -> Response:
    """Describe every node class."""
    return Json({name: fake.catalog.describe(name) for name in fake.catalog.classes})


async def one_object_info(fake: FakeComfy, request: Request) -> Response:
    """Describe one node class, `{}` if there is none."""
    name = request.path_params["name"]
    return Json({name: fake.catalog.describe(name)} if name in fake.catalog.classes else {})


async def features(_fake: FakeComfy, _request: Request) -> Response:
    """Say what can be negotiated on the socket."""
    return Json(SERVER_FEATURES)


async def models(fake: FakeComfy, _request: Request) -> Response:
    """List the kinds of models."""
    return Json(list(fake.catalog.models))


async def models_of(fake: FakeComfy, request: Request) -> Response:
    """List the models of one kind."""
    files = fake.catalog.models.get(request.path_params["folder"])
    return empty(404) if files is None else Json(list(files))


async def embeddings(_fake: FakeComfy, _request: Request) -> Response:
    """List no embeddings."""
    return Json([])


async def subscribe_logs(fake: FakeComfy, request: Request) -> Response:
    """Begin or end sending log entries to a socket."""
    body = await request.json()
    change = fake.hub.log_readers.add if body["enabled"] else fake.hub.log_readers.discard
    change(body["clientId"])
    return empty()


async def logs(fake: FakeComfy, _request: Request) -> Response:
    """Return the last log entries as one text."""
    return Json("".join(f"{entry['t']} - {entry['m']}" for entry in fake.console.entries))


async def raw_logs(fake: FakeComfy, _request: Request) -> Response:
    """Return the last log entries."""
    return Json(fake.console.raw())


ROUTES = {
    "GET /system_stats": system_stats,
    "GET /object_info": object_info,
    "GET /object_info/{name}": one_object_info,
    "GET /features": features,
    "GET /models": models,
    "GET /models/{folder}": models_of,
    "GET /embeddings": embeddings,
    "GET /internal/logs": logs,
    "GET /internal/logs/raw": raw_logs,
    "PATCH /internal/logs/subscribe": subscribe_logs,
}
