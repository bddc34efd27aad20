"""Needs are what a workflow asks of a backend: node classes, model files, GPU memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from viewcomfy.core.catalog import Catalog
from viewcomfy.core.workflows import MODEL_SUFFIXES, literals

ENOUGH = 0.9
"""How much of the memory that was asked for is enough: a card tells of less than what it is sold with."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What jobs of one affinity need.

    `models` are (class_type, input name, file); `memory` is in GiB of GPU memory, 0 for not said; `environment` is an id, empty for any
    that is not for others alone.
    """

    classes: frozenset[str]
    models: frozenset[tuple[str, str, str]] = frozenset()
    memory: float = 0.0
    environment: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values, always in the same order."""
        plain = {"classes": sorted(self.classes), "models": [list(model) for model in sorted(self.models)], "memory": self.memory}
        return plain | ({"environment": self.environment} if self.environment else {})

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Return what `as_dict` has written."""
        models = frozenset((class_type, name, file) for class_type, name, file in value["models"])
        return cls(frozenset(value["classes"]), models, value["memory"], value.get("environment", ""))


def needs_of(workflow: Mapping[str, Any], memory: float = 0.0, environment: str = "") -> Needs:
    """Return what a workflow needs."""
    classes = frozenset(node["class_type"] for node in workflow.values())
    models = ((workflow[node_id]["class_type"], name, value) for node_id, name, value in literals(workflow) if _is_model(value))
    return Needs(classes, frozenset(models), memory, environment)


def lacks(catalog: Catalog, needs: Needs) -> tuple[str, ...]:
    """Return what a backend with this catalog does not have, in words. What it does not tell, it may have."""
    return (*_classes(catalog, needs), *_models(catalog, needs))


def has_memory(available: float, needed: float) -> bool:
    """Tell whether a GPU's memory is enough, both in GiB; where either is not known (0), it is."""
    return not (0 < available < needed * ENOUGH)


def _classes(catalog: Catalog, needs: Needs) -> Iterator[str]:
    for class_type in sorted(needs.classes - catalog.classes.keys()):
        yield f"the node class {class_type!r}"


def _models(catalog: Catalog, needs: Needs) -> Iterator[str]:
    for class_type, name, file in sorted(needs.models):
        node_class = catalog.classes.get(class_type)
        spec = node_class.inputs.get(name) if node_class else None
        if spec is not None and spec.choices is not None and not spec.upload and file not in spec.choices:
            yield f"the model file {file!r}"


def _is_model(value: Any) -> bool:
    return isinstance(value, str) and value.lower().endswith(MODEL_SUFFIXES)
