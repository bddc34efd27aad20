"""The pictures of the scheduling simulation, for the docs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.scheduling import Result

COLOURS = {"viewcomfy": "#0b7285", "fifo": "#e8590c", "random": "#868e96", "least-loaded": "#9c36b5"}
POINTS = 300
"""So many points are enough for a curve."""
Points = Sequence[tuple[float, float]]


def draw(results: Sequence[Result], curves: Mapping[str, Points], costs: Mapping[int, Points], folder: Path) -> None:
    """Write the pictures into a folder. Needs matplotlib, which nothing else does: `pip install matplotlib`."""
    import_module("matplotlib").rcParams.update(
        {"svg.hashsalt": "viewcomfy", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 11}
    )
    _waits(results, folder / "scheduling-waits.svg")
    _loads(curves, folder / "scheduling-load.svg")
    _costs(costs, folder / "scheduling-cost.svg")


def _waits(results: Sequence[Result], path: Path) -> None:
    figure, axes = _axes("seconds until the job runs", "share of the jobs that run by then")
    for result in results:
        waits = result.waits()
        places = [min(len(waits) - 1, round(point * (len(waits) - 1) / POINTS)) for point in range(POINTS + 1)]
        axes.plot(
            [max(waits[place], 0.1) for place in places],
            [place / len(waits) for place in places],
            color=COLOURS[result.policy],
            label=result.policy,
        )
    axes.axhline(0.95, color="#ced4da", linewidth=1, zorder=0)
    axes.set_xscale("log")
    axes.set_ylim(0, 1)
    _write(figure, axes, path)


def _loads(curves: Mapping[str, Points], path: Path) -> None:
    figure, axes = _axes("load: share of the workers' time that the jobs take without loading", "95th percentile of the wait, seconds")
    for name, points in curves.items():
        axes.plot([load for load, _ in points], [wait for _, wait in points], "o-", markersize=4, color=COLOURS[name], label=name)
    axes.set_ylim(0)
    _write(figure, axes, path)


def _costs(costs: Mapping[int, Points], path: Path) -> None:
    figure, axes = _axes("lanes (kinds of jobs that wait)", "milliseconds for a decision")
    for (waiters, points), colour in zip(costs.items(), COLOURS.values(), strict=False):
        label = f"{waiters:,} waiting worker{'s' if waiters > 1 else ''}"
        axes.plot([lanes for lanes, _ in points], [cost * 1000 for _, cost in points], "o-", markersize=4, color=colour, label=label)
    axes.set_xscale("log")
    axes.set_yscale("log")
    _write(figure, axes, path)


def _axes(x: str, y: str) -> tuple[Any, Any]:
    figure = import_module("matplotlib.figure").Figure(figsize=(7, 4), facecolor="white")
    axes = figure.subplots()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(visible=True, color="#e9ecef", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _write(figure: Any, axes: Any, path: Path) -> None:
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None, "Creator": None})
