"""Workers as Jobs of Kubernetes: the manifests by which KEDA starts them, as many as a pool wants.

A ScaledJob, not a Deployment: to make a Deployment smaller, Kubernetes picks a pod and kills it, whether or not it runs a job. A Job
goes on until its worker has had nothing to do for a while and ends by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from viewcomfy.core.errors import BadInput
from viewcomfy.core.scaling import Limits

Object = dict[str, Any]

NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,46}[a-z0-9])?")
"""What Kubernetes takes as a name, and short enough that KEDA can put something behind it."""
DATA = "/var/lib/viewcomfy"
LAST_SECONDS = 15
"""How much sooner than its pod a worker gives up on a job when its node is drained: it must still give the job back."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the manifests are for: `server` is its URL as seen from the cluster; `secret` names the Secret with the keys `admin-token` and
    `engine`, and maybe `files`. `resources` are requested and limited (such as one `nvidia.com/gpu`), `volumes` are claims by the
    path that they are mounted at. A worker that has had no job for `idle_exit` seconds ends; `grace` seconds are left to a job when its
    node is drained.
    """

    name: str
    pool: str
    image: str
    server: str
    namespace: str = "default"
    secret: str = "viewcomfy-fleet"  # noqa: S105 - the name of a Secret
    limits: Limits = field(default_factory=Limits)
    boot: float = 0.0
    every: int = 10
    idle_exit: int = 60
    grace: int = 600
    resources: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)
    node_selector: Mapping[str, str] = field(default_factory=dict)
    options: Sequence[str] = ()


def objects(cluster: Cluster) -> list[Object]:
    """Return the TriggerAuthentication and the ScaledJob. Raises BadInput for a name that Kubernetes would refuse."""
    for name in (cluster.name, cluster.namespace, cluster.secret):
        if not NAME.fullmatch(name):
            raise BadInput(f"{name[:80]!r} is no name for Kubernetes.", hint="Use lower case letters, digits and dashes, 48 at most.")
    return [_authentication(cluster), _scaled_job(cluster)]


def _meta(cluster: Cluster) -> Object:
    labels = {"app.kubernetes.io/name": "viewcomfy-worker", "app.kubernetes.io/part-of": "viewcomfy", "viewcomfy/pool": cluster.pool}
    return {"name": cluster.name, "namespace": cluster.namespace, "labels": labels}


def _authentication(cluster: Cluster) -> Object:
    token = {"parameter": "token", "name": cluster.secret, "key": "admin-token"}
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "TriggerAuthentication",
        "metadata": _meta(cluster),
        "spec": {"secretTargetRef": [token]},
    }


def _scaled_job(cluster: Cluster) -> Object:
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledJob",
        "metadata": _meta(cluster),
        "spec": {
            "pollingInterval": cluster.every,
            # the least is in the URL: KEDA would add its own minReplicaCount to the number that is wanted
            "maxReplicaCount": cluster.limits.maximum,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 10,
            # new Jobs = wanted - Jobs that have not ended
            "scalingStrategy": {"strategy": "default"},
            # a changed ScaledJob is for new Jobs; those that run are not deleted
            "rollout": {"strategy": "gradual"},
            "jobTargetRef": _job(cluster),
            "triggers": [_trigger(cluster)],
        },
    }


def _trigger(cluster: Cluster) -> Object:
    limits = cluster.limits
    query = {"min": limits.minimum, "max": limits.maximum, "backends": limits.backends, "wait": limits.wait, "idle": cluster.idle_exit}
    query |= {"boot": cluster.boot} if cluster.boot else {}
    return {
        "type": "metrics-api",
        "metadata": {
            "url": f"{cluster.server.rstrip('/')}/api/scale/{cluster.pool}?{urlencode(query)}",
            "valueLocation": "wanted",
            "targetValue": "1",
            "authMode": "bearer",
        },
        "authenticationRef": {"name": cluster.name},
    }


def _job(cluster: Cluster) -> Object:
    pod: Object = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": cluster.grace,
        "automountServiceAccountToken": False,
        "containers": [_container(cluster)],
        "volumes": _volumes(cluster),
    }
    if cluster.node_selector:
        pod["nodeSelector"] = dict(cluster.node_selector)
    # autoscalers of nodes leave a node alone while such a pod runs on it
    stays = {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false", "karpenter.sh/do-not-disrupt": "true"}
    # a worker that has failed is not started again by its Job: the next look at what is wanted starts another
    template = {"metadata": {"labels": _meta(cluster)["labels"], "annotations": stays}, "spec": pod}
    return {"parallelism": 1, "completions": 1, "backoffLimit": 0, "template": template}


def _container(cluster: Cluster) -> Object:
    own = ["--pool", cluster.pool, "--backends", str(cluster.limits.backends), "--idle-exit", str(cluster.idle_exit), "--data-dir", DATA]
    container: Object = {
        "name": "worker",
        "image": cluster.image,
        "command": ["viewcomfy"],
        "args": ["worker", *own, *cluster.options],
        "env": [
            _from_secret("VIEWCOMFY_ENGINE", cluster.secret, "engine"),
            # without it the worker moves its files by links of the server
            _from_secret("VIEWCOMFY_FILES", cluster.secret, "files", optional=True),
            {"name": "VIEWCOMFY_SHUTDOWN_GRACE", "value": str(max(1, cluster.grace - LAST_SECONDS))},
        ],
        "volumeMounts": [{"name": f"volume-{number}", "mountPath": path} for number, path in enumerate([DATA, *cluster.volumes])],
    }
    if cluster.resources:
        container["resources"] = {"limits": dict(cluster.resources), "requests": dict(cluster.resources)}
    return container


def _volumes(cluster: Cluster) -> list[Object]:
    claims: list[Object] = [{"persistentVolumeClaim": {"claimName": claim}} for claim in cluster.volumes.values()]
    return [{"name": f"volume-{number}", **source} for number, source in enumerate([{"emptyDir": {}}, *claims])]


def _from_secret(variable: str, secret: str, key: str, **more: bool) -> Object:
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key, **more}}}
