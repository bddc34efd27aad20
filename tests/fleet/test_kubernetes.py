"""The manifests of a fleet, by the schemas of Kubernetes and of KEDA."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
from cloudcoil.models.keda.v1alpha1 import ScaledJob, TriggerAuthentication

from viewcomfy.core.errors import BadInput
from viewcomfy.core.scaling import Limits
from viewcomfy.fleet.kubernetes import Cluster, objects

PLAIN = Cluster("viewcomfy-gpu", "gpu", "registry.example/worker:1", "https://comfy.example/")
FULL = Cluster(
    "viewcomfy-gpu", "gpu", "registry.example/worker:1", "https://comfy.example", namespace="render", secret="own", boot=90.0, every=5,
    limits=Limits(1, 8, 2, 20.0), idle_exit=120, grace=900, resources={"nvidia.com/gpu": "1", "memory": "24Gi"},
    volumes={"/models": "models"}, node_selector={"gpu": "a100"}, options=("--comfyui", "/opt/comfyui"),
)  # fmt: skip


def known(model: Any, made: dict[str, Any]) -> dict[str, Any]:
    """Return what KEDA would take of an object: the models are made from its own definitions, and drop what they don't know."""
    kept: dict[str, Any] = model.model_validate(made).model_dump(mode="json", by_alias=True, exclude_unset=True)
    return kept


def scaled_job(cluster: Cluster) -> dict[str, Any]:
    return objects(cluster)[1]


@pytest.mark.parametrize("cluster", [PLAIN, FULL])
@pytest.mark.parametrize(("number", "model"), [(0, TriggerAuthentication), (1, ScaledJob)])
def test_keda_knows_every_field(cluster: Cluster, number: int, model: Any) -> None:
    made = objects(replace(cluster, resources={}))[number]  # the models can't read "1"; Kubernetes' own schema is asked below
    assert known(model, made) == made


@pytest.mark.parametrize("cluster", [PLAIN, FULL])
def test_kubernetes_takes_the_jobs(cluster: Cluster) -> None:
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x"}, "spec": scaled_job(cluster)["spec"]["jobTargetRef"]}
    kubernetes_validate.validate(job, kubernetes_validate.latest_version(), strict=True)


def test_a_typing_error_would_be_found() -> None:
    made = scaled_job(PLAIN)
    made["spec"]["maxReplicas"] = 3
    assert known(ScaledJob, made) != made


def test_keda_is_told_where_the_number_is_and_never_to_kill() -> None:
    spec = scaled_job(FULL)["spec"]
    [trigger] = spec["triggers"]
    url = urlsplit(trigger["metadata"]["url"])
    assert (url.netloc, url.path) == ("comfy.example", "/api/scale/gpu")
    assert {name: float(value) for name, [value] in parse_qs(url.query).items()} == {
        "min": 1, "max": 8, "backends": 2, "wait": 20, "idle": 120, "boot": 90,
    }  # fmt: skip
    assert (trigger["metadata"]["valueLocation"], trigger["metadata"]["targetValue"]) == ("wanted", "1")
    assert spec["rollout"] == {"strategy": "gradual"}
    assert spec["scalingStrategy"] == {"strategy": "default"}
    assert "minReplicaCount" not in spec, "it would be added to the number"
    assert "activeDeadlineSeconds" not in spec["jobTargetRef"]


def test_secrets_come_from_the_secret_alone() -> None:
    [container] = scaled_job(FULL)["spec"]["jobTargetRef"]["template"]["spec"]["containers"]
    keys = {entry["name"]: entry["valueFrom"]["secretKeyRef"] for entry in container["env"] if "valueFrom" in entry}
    assert keys == {
        "VIEWCOMFY_ENGINE": {"name": "own", "key": "engine"},
        "VIEWCOMFY_FILES": {"name": "own", "key": "files", "optional": True},
    }
    assert container["args"][-2:] == ["--comfyui", "/opt/comfyui"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"


@pytest.mark.parametrize("name", ["Pool", "a_b", "-a", "x" * 60, ""])
def test_a_name_that_kubernetes_would_refuse_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="no name for Kubernetes"):
        objects(Cluster(name, "gpu", "i", "http://s"))
