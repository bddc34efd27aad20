"""Remedies say how what a workflow lacks can be had: the packs that bring its nodes, the models that can be fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from viewcomfy.core.report_values import Fault

NAMED = 3
"""So many packs are named in a message."""


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack of custom nodes, and the URL of its git repository."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Providers:
    """Who brings a node class: packs, the likeliest first, or, with `built_in`, ComfyUI itself."""

    packs: tuple[Pack, ...] = ()
    built_in: bool = False


@dataclass(frozen=True, slots=True)
class Remedies:
    """What is known of how to get things: who brings which node class, and which model files have a URL, by their names."""

    classes: Mapping[str, Providers] = field(default_factory=dict)
    models: frozenset[str] = frozenset()

    def packs(self, fault: Fault) -> tuple[Pack, ...]:
        """Return the packs that would mend a fault."""
        return self.classes.get(fault.wanted, Providers()).packs if fault.code == "unknown_node_class" else ()

    def advised(self, fault: Fault) -> Fault:
        """Return the fault with the best advice that there is."""
        if fault.code == "unknown_node_class" and fault.wanted in self.classes:
            return replace(fault, advice=class_advice(self.classes[fault.wanted]) or fault.advice)
        if fault.code == "missing_model" and fault.wanted.replace("\\", "/") in self.models:
            return replace(fault, advice="Its URL is known: deploy with --fetch to get it.")
        return fault


NONE = Remedies()


def class_advice(found: Providers) -> str:
    """Return what to do about a class that is missing, as a sentence; empty where nobody is known to bring it."""
    if found.built_in:
        return "ComfyUI itself brings it, in another version than this one."
    if not found.packs:
        return ""
    first, more = found.packs[0], len(found.packs) - NAMED
    names = [pack.name for pack in found.packs[:NAMED]] + ([f"{more} more"] if more > 0 else [])
    if len(names) == 1:
        return f"{first.name} brings it: `viewcomfy nodes add {first.url}`."
    return f"{', '.join(names[:-1])} and {names[-1]} bring it: `viewcomfy nodes add {first.url}`, or another's URL."
