"""Model fetching, as the service asks workers for it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from tests.service.kit import Desk
from viewcomfy.core.errors import UnknownBackend
from viewcomfy.core.models import Model
from viewcomfy.engine.base import WorkerInfo
from viewcomfy.service.model_fetching import ModelFetching

pytestmark = pytest.mark.anyio


async def test_a_worker_of_before_is_to_be_updated(desk: Desk) -> None:
    async def answer(order: Mapping[str, Any]) -> Mapping[str, Any]:
        raise UnknownBackend(f"The worker old has no backend '{order.get('backend')}'.")

    await desk.engine.present(WorkerInfo("old", "olden", ({"name": "comfyui-0"},)))
    serving = asyncio.create_task(desk.engine.serve("old", answer))
    await asyncio.sleep(0)
    fetching = ModelFetching(desk.engine, desk.deployments, desk.store.deployments)
    told = await fetching.fetch([Model("loras", "m.safetensors", "https://models.example.com/m.safetensors")], "olden")
    serving.cancel()
    [state] = told["old"]
    assert state["state"] == "failed"
    assert "Update viewcomfy there" in state["error"]
