"""A deployment is a workflow made callable at a URL, in versions."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from viewcomfy.core.canary import choose
from viewcomfy.core.errors import BadInput, InvalidName
from viewcomfy.core.input_edit import Edit
from viewcomfy.core.inputs import Input
from viewcomfy.core.models import Model
from viewcomfy.core.needs import needs_of
from viewcomfy.core.scheduling import NORMAL
from viewcomfy.core.workflows import model_files

NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?")
POOL = "default"
ENVIRONMENT = re.compile(r"env-[0-9a-f]{12}")
POOL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
PRIORITIES = ("urgent", "normal", "low")
MOST_MEMORY = 100_000.0


@dataclass(frozen=True, slots=True)
class Deployment:
    """One version of a deployment; it never changes. Version 0 is a draft: it gets its number when it is stored.

    `time_limit` is in seconds of running (0: none). `cancel_on_disconnect` cancels a job when its caller goes away
    before the result. `inputs` are the declared ones with the owner's `edits` applied; `checked` tells that a backend's
    catalog has typed them. `app` is what is kept of a view_comfy.json, `report` the deploy-time report, as JSON values.
    `note` is what the deployer says about this version. Its jobs run on workers of `pool`, by `priority` (0: urgent, 1: normal, 2: low), on
    backends with at least `memory` GiB of GPU memory (0: any) and, if it is named, with `environment`. `models` are those that it is known
    to need, `warm_up` the inputs of a call that backends run when they have started (None: none).
    """

    name: str
    version: int
    workflow: Mapping[str, Any]
    created_at: float
    time_limit: float = 0.0
    cancel_on_disconnect: bool = False
    inputs: tuple[Input, ...] = ()
    edits: tuple[Edit, ...] = ()
    checked: bool = False
    title: str = ""
    description: str = ""
    app: Mapping[str, Any] | None = None
    report: Mapping[str, Any] | None = None
    note: str = ""
    pool: str = POOL
    priority: int = NORMAL
    memory: float = 0.0
    models: tuple[Model, ...] = ()
    environment: str = ""
    warm_up: Mapping[str, Any] | None = None

    @property
    def runs(self) -> bool:
        """Tell whether the deploy-time report found nothing that keeps it from running; True where there is no report."""
        return self.report is None or bool(self.report.get("ok", True))


@dataclass(frozen=True, slots=True)
class Released:
    """What answers the calls of a deployment: its current version, and maybe a canary that `canary_percent` of the callers get."""

    current: Deployment
    canary: Deployment | None = None
    canary_percent: float = 0.0

    def choose(self, token: str) -> Deployment:
        """Return the version that this token gets; the same token always gets the same one."""
        if self.canary is None:
            return self.current
        version = choose(self.current.version, self.canary.version, self.canary_percent, token)
        return self.canary if version == self.canary.version else self.current


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """One version without its workflow; `released_at` is when it last became the current one, None if it never was."""

    version: int
    created_at: float
    released_at: float | None
    nodes: int
    note: str = ""


def check_name(name: str) -> str:
    """Return the name if it can stand in a URL and a file name; raise InvalidName otherwise."""
    if not NAME.fullmatch(name) or ".." in name:
        raise InvalidName(
            f"{name[:80]!r} can't be the name of a deployment.",
            hint="Use 1 to 63 lower-case letters, digits, '-', '_' or '.', starting and ending with a letter or a digit.",
        )
    return name


def check_pool(pool: str) -> str:
    """Return the name of a pool if it can be one; raise BadInput otherwise."""
    if not POOL_NAME.fullmatch(pool):
        raise BadInput(
            f"{pool[:80]!r} can't be the name of a pool.",
            hint="Use 1 to 63 letters, digits, '-', '_' or '.', starting with a letter or a digit.",
        )
    return pool


def check_priority(priority: int) -> int:
    """Return the priority if it is one; raise BadInput otherwise."""
    if not 0 <= priority < len(PRIORITIES):
        raise BadInput(f"{priority} is not a priority.", hint="0 is urgent, 1 normal, 2 low.")
    return priority


def check_memory(memory: float) -> float:
    """Return the GiB of GPU memory if there could be so much; raise BadInput otherwise."""
    if not 0 <= memory <= MOST_MEMORY:
        raise BadInput(
            f"A backend can't have {memory:g} GiB of GPU memory.", hint="Say how many GiB the workflow needs; 0 for any backend."
        )
    return memory


def check_environment(environment: str) -> str:
    """Return the id of an environment if it can be one, or an empty text for none; raise BadInput otherwise."""
    if environment and not ENVIRONMENT.fullmatch(environment):
        raise BadInput(
            f"{environment[:80]!r} is no id of an environment.", hint="It looks like env-0123456789ab; `viewcomfy env list` shows them."
        )
    return environment


def affinity_of(workflow: Mapping[str, Any], memory: float = 0.0, environment: str = "") -> str:
    """Return a short name for what a workflow needs of a backend.

    That is its model files (so that a warm one can be preferred), then after a + its classes and where the files go, then after an @ the
    GiB of GPU memory and after a ~ the id of the environment, if they were said: always in this order.
    """
    needs = needs_of(workflow, memory)
    places = {"\n".join(model) for model in needs.models}
    said = f"{f'@{memory:g}' if memory else ''}{f'~{environment}' if environment else ''}"
    return f"{_digest(model_files(workflow))}+{_digest(needs.classes | places)}{said}"


def _digest(names: Collection[str]) -> str:
    return hashlib.sha256(json.dumps(sorted(names)).encode()).hexdigest()[:12] if names else ""
