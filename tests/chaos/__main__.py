"""Run many short jobs on a whole site while everything in it is killed, paused, cut off and filled up, and judge what came of it.

python -m tests.chaos [--jobs 3000] [--seconds 300] [--seed N]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from tests.chaos.faults import Trouble, faults_of, mount_small, unmount
from tests.chaos.load import Callers
from tests.chaos.site import ADMIN_TOKEN, Site, Size
from tests.chaos.verdict import Verdict, deploy, judge
from tests.e2e.workflows import colour


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done, and for how long it goes wrong."""

    jobs: int = 3000
    seconds: float = 300.0
    seed: int = 0
    size: Size = field(default_factory=Size)
    quiet: bool = False


async def chaos(folder: Path, plan: Plan, tell: Callable[[str], None]) -> tuple[Verdict, Trouble]:
    """Carry a plan out in a folder, and judge."""
    rng = random.Random(plan.seed)
    async with AsyncExitStack() as stack:
        for small in (folder / "server-0", folder / "worker-0"):
            if mount_small(small):
                stack.callback(unmount, small)
        site = await stack.enter_async_context(Site(folder, plan.size))
        headers = {"authorization": f"Bearer {ADMIN_TOKEN}"}
        client = await stack.enter_async_context(httpx2.AsyncClient(headers=headers, timeout=30, trust_env=False))
        key = await deploy(client, site.urls[0], colour())
        callers, trouble, stop = Callers(site.urls, key, rng), Trouble([] if plan.quiet else faults_of(site), rng, tell), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            broken = group.create_task(trouble.run(stop))
            try:
                await callers.run(plan.jobs, seconds=plan.seconds)
            finally:
                stop.set()
            await broken
        tell(f"{len(callers.calls):,} calls accepted, {callers.refused:,} answers to try again; everything is mended")
        verdict = await judge(client, site.urls, callers.calls)
        verdict.faults += [*callers.unexpected, *(f"{name} has ended by itself" for name in site.ended)]
        return verdict, trouble


def main() -> None:
    """Do what the command line says; the exit code is 1 where something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--jobs", type=int, default=Plan().jobs)
    parser.add_argument("--seconds", type=float, default=Plan().seconds, help="for how long things go wrong")
    parser.add_argument("--quiet", action="store_true", help="break nothing, to see the site work")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the same one breaks the same things, in about the same order")
    options = parser.parse_args()
    plan = Plan(options.jobs, options.seconds, options.seed, quiet=options.quiet)
    begun = time.monotonic()
    print(f"seed {plan.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="viewcomfy-chaos-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        tell = lambda line: print(f"{time.monotonic() - begun:6.1f} s  {line}", flush=True)  # noqa: E731
        verdict, trouble = asyncio.run(chaos(Path(folder), plan, tell))
        print(f"{sum(trouble.counts.values())} faults made: {dict(trouble.counts)}\n{verdict.text()}")
        if verdict.faults:
            for log in sorted(Path(folder).glob("*.log")):
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}", file=sys.stderr)
    sys.exit(1 if verdict.faults else 0)


if __name__ == "__main__":
    main()
