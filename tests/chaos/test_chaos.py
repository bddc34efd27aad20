"""The short form of `make chaos`: hundreds of jobs, half a minute of trouble."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.__main__ import Plan, chaos

pytestmark = pytest.mark.anyio


@pytest.mark.timeout(600)
async def test_every_accepted_job_has_one_whole_result_whatever_breaks(tmp_path: Path) -> None:
    lines: list[str] = []
    verdict, trouble = await chaos(tmp_path, Plan(jobs=300, seconds=40.0, seed=5), lines.append)
    assert sum(trouble.counts.values()) >= 10, lines
    assert not verdict.faults, "\n".join([*lines, verdict.text()])
    assert verdict.accepted == verdict.succeeded == 300
