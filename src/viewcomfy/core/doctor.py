"""The doctor's rules: from which figures on an installation is in danger, and what to do then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from viewcomfy.core.report import Report

MIB, GIB = 1024**2, 1024**3
DISK_LOW, DISK_FULL = 10 * GIB, GIB
MEMORY_LOW, MEMORY_OUT = 2 * GIB, 512 * MIB
CLOCK_ODD, CLOCK_WRONG = 2.0, 30.0
"""Seconds. The order of the queue, retention and signed links follow the clocks."""
SYNC_SLOW, SYNC_BAD = 0.1, 2.0
ANSWER_SLOW = 0.5
"""Seconds."""


class State(StrEnum):
    """How a thing is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: `subject` says what (`disk of gpu-1`), `hint` what to do where it is not ok."""

    subject: str
    state: State
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that was looked at: the machine's checks, and the report of every deployment by its name."""

    checks: tuple[Check, ...] = ()
    deployments: Mapping[str, Report] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Tell whether nothing needs to be done at once; warnings may wait."""
        return all(check.state is not State.ERROR for check in self.checks) and all(report.ok for report in self.deployments.values())

    @property
    def summary(self) -> str:
        """Return one sentence."""
        ill = [name for name, report in self.deployments.items() if not report.ok]
        bad = [check.subject for check in self.checks if check.state is State.ERROR]
        odd = sum(check.state is State.WARNING for check in self.checks)
        parts = [f"{len(ill)} of {len(self.deployments)} deployments can't run: {', '.join(ill)}"] if ill else []
        parts += [f"trouble with {', '.join(bad)}"] if bad else []
        parts += [f"{odd} warning{'s' if odd > 1 else ''}"] if odd else []
        text = "; ".join(parts)
        return f"{text[0].upper()}{text[1:]}." if text else "All is well."


def disk(where: str, free: int, total: int) -> Check:
    """Judge the space left, in bytes, in the folder that `where` names."""
    state = _below(free, DISK_LOW, DISK_FULL)
    hint = "Shorten the retention, remove outputs or models that nobody needs, or give it a larger disk."
    return Check(f"disk of {where}", state, f"{size(free)} of {size(total)} are free.", "" if state is State.OK else hint)


def memory(where: str, available: int, total: int) -> Check:
    """Judge the main memory, in bytes, that programs on a machine can still have."""
    state = _below(available, MEMORY_LOW, MEMORY_OUT)
    hint = "Run fewer backends on this machine, let idle ones stop sooner (--idle-timeout), or give it more memory."
    return Check(f"memory of {where}", state, f"{size(available)} of {size(total)} are available.", "" if state is State.OK else hint)


def clock(where: str, ahead: float, uncertainty: float = 0.0) -> Check:
    """Judge by how many seconds a machine's clock is ahead of the server's; the question itself took `uncertainty` of them."""
    off = max(0.0, abs(ahead) - uncertainty)
    state = _below(-off, -CLOCK_ODD, -CLOCK_WRONG)
    message = (
        "It agrees with the server's."
        if state is State.OK
        else f"It is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} the server's."
    )
    hint = "Let the machine set its clock by the network (NTP)."
    return Check(f"clock of {where}", state, message, "" if state is State.OK else hint)


def syncs(where: str, seconds: float) -> Check:
    """Judge how long a small write to a folder takes to be safe on its disk."""
    state = _below(-seconds, -SYNC_SLOW, -SYNC_BAD)
    hint = "Every accepted job waits for this: put the data folder on a local disk, best an SSD, not on a network share."
    return Check(f"sync of {where}", state, f"A small write is safe after {seconds * 1000:.1f} ms.", "" if state is State.OK else hint)


def unwritable(where: str, why: str) -> Check:
    """Judge a folder that a small write to it has failed in."""
    return Check(f"sync of {where}", State.ERROR, why, "Free some space there, and see that the server may write to it.")


def answers(subject: str, seconds: float, what: str = "") -> Check:
    """Judge how long something took to answer; `what` is what answered."""
    state = State.OK if seconds < ANSWER_SLOW else State.WARNING
    message = f"{what or 'It'} answers in {seconds * 1000:.1f} ms."
    return Check(subject, state, message, "" if state is State.OK else "It should be near: in the same data centre, or on this machine.")


def silent(subject: str, why: str) -> Check:
    """Judge something that does not answer."""
    return Check(subject, State.ERROR, why, "Nothing works without it: see that it runs, and that this machine reaches it.")


def durable(subject: str, is_durable: bool) -> list[Check]:
    """Judge whether what a database has accepted survives a power cut; nothing where all is well."""
    message = "It may lose accepted jobs in a power cut: fsync or synchronous_commit is off."
    return [] if is_durable else [Check(f"durability of {subject}", State.WARNING, message, "Turn both on in postgresql.conf.")]


def version(where: str, theirs: str, ours: str) -> Check:
    """Judge whether a worker is of the server's version; in an upgrade it may be of another for a while."""
    if theirs == ours:
        return Check(f"version of {where}", State.OK, f"It is {ours}.")
    return Check(f"version of {where}", State.WARNING, f"It is {theirs}, the server is {ours}.", "Bring the older one up to date.")


def size(number: float) -> str:
    """Return a number of bytes for people: `1.5 GiB`."""
    unit, divisor = ("GiB", GIB) if abs(number) >= GIB else ("MiB", MIB)
    return f"{number / divisor:.1f} {unit}"


def _below(value: float, low: float, bad: float) -> State:
    """Judge a figure that should be large: an error from `bad` on down, a warning from `low` on down."""
    if value <= bad:
        return State.ERROR
    return State.WARNING if value <= low else State.OK
