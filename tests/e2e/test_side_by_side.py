"""Two backends: jobs run at the same time, nobody gets another's picture or lines, and idle processes go away."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.pictures import decoded, opened
from tests.e2e.product import Product, until
from tests.e2e.workflows import sleeping

pytestmark = pytest.mark.e2e

IDLE_SECONDS = 3


@pytest.fixture(scope="module")
def pair(comfyui: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A server with two backends that are stopped soon; the tests follow one another, so that they start only once."""
    with Product(tmp_path_factory.mktemp("pair") / "data", comfyui, backends=2, idle_timeout=IDLE_SECONDS) as product:
        yield product


def call(product: Product, name: str, seed: int) -> tuple[int, list[str], dict[str, Any]]:
    """Return the seed, the lines and the result of one call."""
    events = product.events(name, {"1-inputs-seed": seed})
    return seed, [data for kind, data in events if kind == "log_message"], json.loads(events[-1][1])


def steps_of(product: Product, prompt_id: str) -> tuple[float, float]:
    """Return when the first and the last step of a job were told."""
    raw = product.http.get(f"/api/jobs/{prompt_id}/events").text
    told = [json.loads(line.removeprefix("data: ")) for line in raw.splitlines() if line.startswith("data: ")]
    times = [event["at"] for event in told if "TKWait" in event.get("text", "")]
    return times[0], times[-1]


def test_a_cold_start_shows_what_is_waited_for(pair: Product) -> None:
    assert {backend["state"] for backend in pair.backends()} == {"stopped"}
    begun, lines = time.monotonic(), {}
    with pair.live(pair.deploy(sleeping(0.1), force=True), {"1-inputs-seed": 1}) as (_, events):
        for kind, data in events:
            lines[data if kind == "log_message" else kind] = time.monotonic() - begun
    named = list(lines)
    assert named[0].startswith("Starting ComfyUI 0.")
    assert lines[named[0]] < 1
    ready = next(line for line in named if line.startswith("ComfyUI is ready after"))
    assert named.index(ready) < named.index("TKWait 1 step 1/10")
    assert len([line for line in named if lines[line] < lines[ready]]) > 2, "a start of seconds is no silence"


def test_two_jobs_run_at_the_same_time(pair: Product) -> None:
    name, seeds, earlier = pair.deploy(sleeping(0.5)), itertools.count(200), []
    while [backend["state"] for backend in pair.backends()].count("ready") < 2:
        assert next(seeds) < 300, "the second one is not started"
        earlier.append(pair.run(name, {"1-inputs-seed": next(seeds)}))  # more than one ComfyUI can do
        time.sleep(0.3)
    assert all(pair.ended(prompt_id)["status"] == "succeeded" for prompt_id in earlier)  # else one may be queued behind a short one
    jobs = [pair.run(name, {"1-inputs-seed": seed, "1-inputs-seconds": 2}) for seed in (13, 14)]
    assert all(pair.ended(prompt_id)["status"] == "succeeded" for prompt_id in jobs)
    first, second = (steps_of(pair, prompt_id) for prompt_id in jobs)
    assert max(first[0], second[0]) < min(first[1], second[1]), "both were at work at once"
    assert len(pair.comfyuis()) == 2


def test_everyone_gets_their_own_picture_and_their_own_lines(pair: Product) -> None:
    name = pair.deploy(sleeping(0.1, steps=3))
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda seed: call(pair, name, seed), range(100, 148)))
    for seed, lines, result in answers:
        [output] = result["outputs"]
        assert opened(decoded(output)).getpixel((0, 0)) == (seed, seed, seed)
        assert result["prompt"]["1"]["inputs"]["seed"] == seed
        assert [line for line in lines if line.startswith("TKWait")] == [f"TKWait {seed} step {step}/3" for step in (1, 2, 3)]
        assert lines.count("got prompt") == 1
    assert len({result["prompt_id"] for _, _, result in answers}) == 48
    assert pair.tidies_up()


def test_an_idle_comfyui_goes_away_and_comes_back(pair: Product) -> None:
    until(lambda: not pair.comfyuis(), "both have stopped", IDLE_SECONDS + 10)
    until(lambda: {backend["state"] for backend in pair.backends()} == {"stopped"}, "/api/workers says so", 10)
    assert all(backend["failures"] == 0 for backend in pair.backends())
    _, lines, result = call(pair, pair.deploy(sleeping(0.1)), 21)
    assert any(line.startswith("Starting ComfyUI") for line in lines)
    assert result["status"] == "success"
    assert len(pair.comfyuis()) == 1, "one job needs one"
