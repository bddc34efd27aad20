"""A place says where, when and with what the jobs of a version run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from viewcomfy.core.deployments import Deployment, check_environment, check_memory, check_pool, check_priority
from viewcomfy.core.models import Model, as_kept, check_models

FIELDS = ("pool", "priority", "memory", "models", "environment", "warm_up")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a deployment says of where its jobs run; None keeps what the version before says.

    `environment` "" means none is named, `warm_up` False that nothing is called when a backend has started.
    """

    pool: str | None = None
    priority: int | None = None
    memory: float | None = None
    models: Sequence[Model] | None = None
    environment: str | None = None
    warm_up: Mapping[str, Any] | Literal[False] | None = None

    def after(self, before: Deployment | None) -> dict[str, Any]:
        """Return it as fields of a deployment. Raises BadInput for what can't be."""
        fields: dict[str, Any] = {name: getattr(before, name) for name in FIELDS} if before else {}
        if self.pool is not None:
            fields["pool"] = check_pool(self.pool)
        if self.priority is not None:
            fields["priority"] = check_priority(self.priority)
        if self.memory is not None:
            fields["memory"] = check_memory(self.memory)
        if self.models is not None:
            fields["models"] = tuple(map(as_kept, check_models(self.models)))
        if self.environment is not None:
            fields["environment"] = check_environment(self.environment)
        if self.warm_up is not None:
            fields["warm_up"] = None if self.warm_up is False else dict(self.warm_up)
        return fields


AS_BEFORE = Place()
