"""Node classes that misbehave on purpose: they wait, raise, run out of memory, end the process or hang."""

from __future__ import annotations

import asyncio
from typing import Any

from viewcomfy.testing.fake_comfy import pictures
from viewcomfy.testing.fake_comfy.node import NodeClass, NodeRun, Result


class OutOfMemoryError(RuntimeError):
    """Bear the name under which ComfyUI reports that the GPU's memory is full."""

    __module__ = "torch"


async def wait(run: NodeRun, *, seconds: float, steps: int, seed: int) -> Result:
    """Take time in steps, each with progress and a printed line; can be interrupted between steps."""
    for number in range(1, steps + 1):
        await run.step(number, steps, seconds=seconds / steps)
        run.print(f"TKWait step {number}/{steps}")
    run.send_text(f"waited {seconds}")
    return Result((pictures.solid(32, 32, seed % 256 * 0x010101),))


async def fail(run: NodeRun, *, mode: str, **_: Any) -> Result:
    """Fail in the way that `mode` names."""
    if mode == "raise":
        raise ValueError("asked to fail")
    if mode == "oom":
        raise OutOfMemoryError("Allocation on device (test)")
    if mode == "exit":
        await run.exit(3)
    await asyncio.Event().wait()  # a hang: no interrupt reaches it, only the end of the process
    return Result()


TESTKIT_NODES = (
    NodeClass(
        "TKWait",
        wait,
        required={
            "seconds": ("FLOAT", {"default": 1.0, "min": 0, "max": 600, "step": 0.01}),
            "steps": ("INT", {"default": 10, "min": 1, "max": 1000}),
            "seed": ("INT", {"default": 0, "min": 0, "max": 2**63 - 1}),
        },
        hidden={"unique_id": "UNIQUE_ID"},
        returns=("IMAGE",),
        category="testkit",
    ),
    NodeClass(
        "TKFail",
        fail,
        required={"image": ("IMAGE",), "mode": (["raise", "oom", "exit", "hang"],)},
        returns=("IMAGE",),
        category="testkit",
    ),
)
