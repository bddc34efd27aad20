"""`viewcomfy fleet`, as far as it starts nobody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs would be one more package for two calls

from tests.cli.typed import Typed
from tests.e2e.product import Product
from viewcomfy.cli.fleet_place import Place, Where

Type = Callable[..., Typed]
MANIFESTS = ("fleet", "manifests", "--image", "i:1", "--server", "https://comfy.example")


def test_the_status_says_how_many_are_wanted_and_why(as_admin: Type, server: Product) -> None:
    told = as_admin("fleet", "status")
    assert told.code == 0
    assert "default wants " in told.err
    found = as_admin("fleet", "status", "--json").json
    assert (found["scale"]["pool"], len(found["workers"])) == ("default", 1)
    assert as_admin("fleet", "status", "--pool", "empty", "--json").json["workers"] == []


def test_the_manifests_are_yaml_with_the_options_in_it(typed: Type) -> None:
    told = typed(
        *MANIFESTS, "--pool", "a100_80", "--gpu", "nvidia.com/gpu=1", "--volume", "models=/models", "--node", "gpu=a100", "--min", "1",
        "--", "--comfyui", "/opt/comfyui",
    )  # fmt: skip
    authentication, job = yaml.safe_load_all(told.out)
    assert (authentication["kind"], job["kind"]) == ("TriggerAuthentication", "ScaledJob")
    assert job["metadata"]["name"] == "viewcomfy-a100-80"
    pod = job["spec"]["jobTargetRef"]["template"]["spec"]
    assert pod["nodeSelector"] == {"gpu": "a100"}
    assert pod["containers"][0]["args"][-4:] == ["--data-dir", "/var/lib/viewcomfy", "--comfyui", "/opt/comfyui"]
    assert "3600" in pod["containers"][0]["args"], "with some kept ready, nobody goes after a minute"
    assert told.out.startswith("# Needs KEDA")
    assert "kubectl -n default create secret" in told.out


@pytest.mark.parametrize("wrong", [("--gpu", "nvidia.com/gpu"), ("--volume", "=/models"), ("--name", "A B")])
def test_what_kubernetes_could_not_read_is_refused(typed: Type, wrong: tuple[str, str]) -> None:
    assert typed(*MANIFESTS, *wrong).code == 2


def test_limits_that_contradict_each_other_are_refused(as_admin: Type) -> None:
    told = as_admin("fleet", "run", "--min", "3", "--max", "2")
    assert told.code == 2
    assert "--min 3 is more than --max 2" in told.err
    assert as_admin("fleet", "run", "--provider", "ray", "--resource", "a100=many").code == 2


def test_a_wrong_token_is_told_at_once(as_admin: Type) -> None:
    assert as_admin("fleet", "run", "--admin-token", "wrong").code == 3


@pytest.mark.anyio
async def test_the_workers_get_no_token_of_the_admins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VIEWCOMFY_ADMIN_TOKEN", "secret")
    monkeypatch.setenv("VIEWCOMFY_STORE", "postgresql://viewcomfy:secret@db/viewcomfy")
    monkeypatch.setenv("VIEWCOMFY_ENGINE", "nats://x")
    async with Place(Where.LOCAL, "gpu", data_dir=tmp_path).opened() as provider:
        env = provider._env  # type: ignore[attr-defined]  # what its workers would find
    assert "VIEWCOMFY_ADMIN_TOKEN" not in env
    assert "VIEWCOMFY_STORE" not in env
    assert env["VIEWCOMFY_ENGINE"] == "nats://x"
