"""Workers on an existing Ray cluster: each is held by a detached actor with a name, which outlives whoever has started it."""

from __future__ import annotations

import asyncio
import importlib
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Self, TypeVar

import structlog

from viewcomfy.core.errors import MissingExtra, ServerUnavailable
from viewcomfy.fleet.base import INSTANCE, Instance
from viewcomfy.fleet.ray_host import RayHost

T = TypeVar("T")

NAMESPACE = "viewcomfy-fleet"
WAITS = "waits for room in the cluster"
ANSWER_SECONDS = 5.0
"""How long an actor may take to tell of itself; one that Ray has no room for yet does not at all."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Needs:
    """What Ray sets aside for each worker: CPUs, GPUs, and resources that the cluster's owner has given names to."""

    cpus: float = 1.0
    gpus: float = 0.0
    resources: Mapping[str, float] = field(default_factory=dict)

    def options(self) -> dict[str, Any]:
        """Return them as Ray's options of an actor."""
        return {"num_cpus": self.cpus, "num_gpus": self.gpus, "resources": dict(self.resources)}


class RayProvider:
    """Starts workers, with these arguments to the Python that Ray runs on; `env` is added to what they find in their environment."""

    def __init__(self, ray: ModuleType, pool: str, arguments: Sequence[str], env: Mapping[str, str], needs: Needs) -> None:
        self._ray = ray
        self._pool = pool
        self._arguments = list(arguments)
        self._env = dict(env)
        self._needs = needs

    @classmethod
    def connect(cls, address: str, *, pool: str, arguments: Sequence[str], env: Mapping[str, str], needs: Needs) -> Self:
        """Connect to the cluster at an address, `auto` or `ray://host:10001`. Raises MissingExtra, ServerUnavailable."""
        try:
            ray = importlib.import_module("ray")  # only who has a Ray cluster has it, and it is large
        except ModuleNotFoundError as missing:
            raise MissingExtra("A fleet on Ray needs ray, which is not installed.", hint='Type: pip install "viewcomfy[ray]"') from missing
        try:
            ray.init(address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False, ignore_reinit_error=True)
        except (ConnectionError, RuntimeError, ValueError) as fault:
            raise ServerUnavailable(f"The Ray cluster {address} can't be reached: {fault}", hint="`ray status` shows it.") from fault
        return cls(ray, pool, arguments, env, needs)

    def close(self) -> None:
        """Leave the cluster; the workers go on."""
        self._ray.shutdown()

    async def instances(self) -> list[Instance]:
        """Return the actors whose worker runs or is still to be started; those whose worker has ended are removed."""
        return await self._ask(self._list)

    async def start(self, count: int) -> list[str]:
        """Have so many more actors made and return their names; where the cluster has no room, they wait for it."""
        return [await self._ask(self._start_one) for _ in range(count)]

    async def stop(self, instances: Sequence[Instance]) -> None:
        """Ask the workers to end; an actor that waits for room is taken back."""
        for instance in instances:
            await self._ask(self._stop_one, instance)

    async def _ask(self, work: Callable[..., T], *args: object) -> T:
        """Ask the cluster something, which blocks. Raises ServerUnavailable where it does not answer."""
        try:
            return await asyncio.to_thread(work, *args)
        except (self._ray.exceptions.RayError, ConnectionError, RuntimeError) as fault:
            raise ServerUnavailable(f"The Ray cluster does not answer: {fault}", hint="`ray status` shows it.") from fault

    def _list(self) -> list[Instance]:
        told = {name: actor.facts.remote() for name, actor in self._actors().items()}
        if told:
            self._ray.wait([*told.values()], num_returns=len(told), timeout=ANSWER_SECONDS)
        found = [self._instance(name, facts) for name, facts in told.items()]
        return sorted((instance for instance in found if instance), key=lambda instance: instance.started_at)

    def _actors(self) -> dict[str, Any]:
        actors = {}
        for name in self._ray.util.list_named_actors():
            if _pool_of(name) == self._pool:
                try:
                    actors[name] = self._ray.get_actor(name)
                except ValueError:  # gone in the meantime
                    continue
        return actors

    def _instance(self, name: str, told: Any) -> Instance | None:
        try:
            facts = self._ray.get(told, timeout=0.1)
        except self._ray.exceptions.GetTimeoutError:
            return Instance(name, _asked_at(name), WAITS)
        except self._ray.exceptions.RayError as fault:  # it died, and its worker with it
            log.warning("an actor of a fleet has ended", actor=name, reason=str(fault).strip().splitlines()[-1:])
            return None
        if facts["ended"]:
            self._kill(name)
            return None
        return Instance(name, facts["started_at"], facts["where"], stopping=facts["stopping"])

    def _start_one(self) -> str:
        name = f"{self._pool}.{time.time():.0f}.{secrets.token_hex(3)}"
        actor = self._ray.remote(RayHost).options(name=name, lifetime="detached", max_restarts=0, **self._needs.options())
        actor.remote(self._arguments, {**self._env, INSTANCE: name})
        return name

    def _stop_one(self, instance: Instance) -> None:
        actor = self._actors().get(instance.id)
        if actor is None:
            return
        told = actor.stop.remote()
        done, _ = self._ray.wait([told], timeout=ANSWER_SECONDS)
        if not done and instance.where == WAITS:
            self._kill(instance.id)

    def _kill(self, name: str) -> None:
        try:
            self._ray.kill(self._ray.get_actor(name))
        except ValueError:  # gone already
            return


def _pool_of(name: str) -> str:
    """Return the pool of an actor, as its name tells; there may be dots in it."""
    return name.rsplit(".", 2)[0]


def _asked_at(name: str) -> float:
    """Return when an actor was asked for, as its name tells."""
    return float(name.split(".")[-2])
