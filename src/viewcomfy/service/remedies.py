"""What can be done about what workflows lack, found out where it is not known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from viewcomfy.core.catalog import Catalog
from viewcomfy.core.errors import InvalidWorkflow
from viewcomfy.core.models import Model
from viewcomfy.core.remedies import NAMED, Providers, Remedies, class_advice

UNKNOWN = "unknown_node_class"

FindPacks = Callable[[Iterable[str]], Awaitable[Mapping[str, Providers]]]
"""Tells who brings node classes; it waits a few seconds at most, and raises nothing."""


async def no_packs(class_types: Iterable[str]) -> Mapping[str, Providers]:  # noqa: ARG001 - the shape of FindPacks
    """FindPacks for where no map is known."""
    return {}


async def remedies_for(
    workflows: Iterable[Mapping[str, Any]], catalogs: Iterable[Catalog], models: Iterable[Model], find: FindPacks
) -> Remedies:
    """Return what is known of how to get what some backend lacks of these workflows, and where these models are to be had."""
    catalogs = list(catalogs)
    wanted = {node["class_type"] for workflow in workflows for node in workflow.values()} if catalogs else set()
    missing = sorted(name for name in wanted if any(name not in catalog.classes for catalog in catalogs))
    files = frozenset(model.file for model in models if model.url)
    return Remedies(await find(missing) if missing else {}, files)


async def explain(fault: InvalidWorkflow, find: FindPacks) -> None:
    """Add to a fault of a workflow what brings the node classes that its problems say are missing."""
    missing = sorted({str(problem.get("class_type") or "") for problem in fault.problems if problem.get("code") == UNKNOWN} - {""})
    found = await find(missing) if missing else {}
    if not found:
        return
    for problem in fault.problems:
        if problem.get("code") == UNKNOWN and (providers := found.get(str(problem.get("class_type")))):
            problem["packs"] = [asdict(pack) for pack in providers.packs]
    advice = dict.fromkeys(class_advice(providers) for providers in found.values())
    fault.hint = " ".join([*list(advice)[:NAMED], *([fault.hint] if fault.hint else [])])
