"""The sentences of a report: what is wrong, where, what was meant, and what to do."""

from __future__ import annotations

from viewcomfy.core.report_values import Fault, show

ABSENT = frozenset({"unknown_node_class", "missing_model"})
"""What a backend lacks, where the rest is wrong with the workflow."""
NAMED = 3
"""So many backends are named in a message."""


def sentence(who: str, fault: Fault, near: tuple[str, ...], where: tuple[str, ...], others: tuple[str, ...]) -> str:
    """Return the message for a fault of `who` (a node, the workflow) that is true of the backends `where`; `others` are without it."""
    place = f", on {listed(where)}" if others else ""
    if fault.code in ABSENT:
        place = f", which {_lacking(where, others)}"
    listed_already = fault.code == "invalid_choice" and bool(fault.advice)
    meant = f" Nearest: {', '.join(map(show, near))}." if near and not listed_already else ""
    return f"{who[0].upper()}{who[1:]} {fault.text}{place}.{meant}{' ' if fault.advice else ''}{fault.advice}"


def listed(names: tuple[str, ...]) -> str:
    """Return `a`, `a and b` or `a, b, c and 5 more`."""
    if len(names) > NAMED + 1:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def counted(before: str, errors: int, warnings: int) -> str:
    """Return `: 2 problems, 1 warning`, or nothing for none."""
    parts = [f"{count} {noun}{'s' if count > 1 else ''}" for count, noun in ((errors, "problem"), (warnings, "warning")) if count]
    return before + " and ".join(parts) if parts else ""


def _lacking(where: tuple[str, ...], others: tuple[str, ...]) -> str:
    if not others:
        return "no backend has"
    return f"{listed(where)} {'does' if len(where) == 1 else 'do'} not have ({listed(others)} {'has' if len(others) == 1 else 'have'} it)"
