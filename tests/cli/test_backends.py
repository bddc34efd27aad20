"""`viewcomfy backends`, against a real server."""

from __future__ import annotations

from collections.abc import Callable

from tests.cli.typed import Typed
from tests.e2e.product import Product, until
from tests.server.site_kit import PICTURE

Type = Callable[..., Typed]


def worker_of(server: Product) -> str:
    [worker] = server.admin.get("/api/workers").json()["workers"]
    return str(worker["name"])


def test_the_backends_are_listed(as_admin: Type, server: Product) -> None:
    server.result(server.deploy(PICTURE), {"1-inputs-width": 8})
    until(lambda: server.backends()[0]["state"] == "ready", "it is ready", 10)
    told = as_admin("backends", "list")
    (title, row) = told.out.splitlines()
    assert title.split()[:3] == ["BACKEND", "STATE", "DEVICE"]
    assert row.split()[:6] == ["comfyui-0", "ready", "cpu", "4.3", "GB", "of"]
    (backend,) = as_admin("backends", "list", "--json").json
    assert (backend["name"], backend["managed"], backend["worker"]) == ("comfyui-0", False, worker_of(server))


def test_a_backend_is_drained_and_started_by_either_of_its_names(as_admin: Type, server: Product) -> None:
    assert "draining" in as_admin("backends", "drain", "comfyui-0").err
    assert "draining" in as_admin("backends", "list").out
    assert as_admin("backends", "start", f"{worker_of(server)}/comfyui-0", "--json").json["draining"] is False


def test_somebody_elses_comfyui_is_not_stopped(as_admin: Type) -> None:
    told = as_admin("backends", "stop", "comfyui-0")
    assert told.code == 2
    assert "did not start" in told.err
    assert as_admin("backends", "restart", "comfyui-0", "--json").error["code"] == "not_managed"


def test_a_backend_that_is_not_there_is_named_with_those_that_are(as_admin: Type) -> None:
    told = as_admin("backends", "start", "gpu-7")
    assert told.code == 4
    assert "comfyui-0" in told.err


def test_the_log_of_a_backend_is_written(as_admin: Type, server: Product) -> None:
    server.result(server.deploy(PICTURE), {"1-inputs-width": 9})
    assert "got prompt" in as_admin("backends", "logs", "comfyui-0").out.splitlines()
