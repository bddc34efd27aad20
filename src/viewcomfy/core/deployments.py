"""A deployment is a workflow made callable at a URL, in versions."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from viewcomfy.core.errors import InvalidName
from viewcomfy.core.workflows import model_files

NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Deployment:
    """One version of a deployment.

    `time_limit` is in seconds of running (0: none). `cancel_on_disconnect` cancels a job when its caller goes away
    before the result.
    """

    name: str
    version: int
    workflow: Mapping[str, Any]
    created_at: float
    time_limit: float = 0.0
    cancel_on_disconnect: bool = False


def check_name(name: str) -> str:
    """Return the name if it can stand in a URL and a file name; raise InvalidName otherwise."""
    if not NAME.fullmatch(name) or ".." in name:
        raise InvalidName(
            f"{name[:80]!r} can't be the name of a deployment.",
            hint="Use 1 to 63 lower-case letters, digits, '-', '_' or '.', starting and ending with a letter or a digit.",
        )
    return name


def affinity_of(workflow: Mapping[str, Any]) -> str:
    """Return a short name for the set of model files that a workflow loads, so that a warm backend can be preferred."""
    models = sorted(model_files(workflow))
    return hashlib.sha256(json.dumps(models).encode()).hexdigest()[:12] if models else ""
