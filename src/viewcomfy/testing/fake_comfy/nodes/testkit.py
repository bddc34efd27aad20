"""Node classes for tests: they wait, save big files, and fail in every way a node can."""

from __future__ import annotations

import asyncio
import os
import signal

from viewcomfy.testing.fake_comfy import pictures
from viewcomfy.testing.fake_comfy.node import NodeClass, NodeRun, Result
from viewcomfy.testing.fake_comfy.nodes.saving import find_place
from viewcomfy.testing.fake_comfy.pictures import Pictures

SEED = ("INT", {"default": 0, "min": 0, "max": 2**63 - 1})
SECONDS = ("FLOAT", {"default": 1.0, "min": 0.0, "max": 3600.0, "step": 0.01})
FAILURES = ["none", "raise", "oom", "device", "exit", "kill", "hang", "freeze"]
MIB = 1024 * 1024


class OutOfMemoryError(RuntimeError):
    """Bear the name under which ComfyUI reports that the GPU's memory is full."""

    __module__ = "torch"


async def wait(run: NodeRun, *, seconds: float, steps: int, seed: int) -> Result:
    """Take time in steps, each with progress and a printed line; can be interrupted between steps."""
    for number in range(1, steps + 1):
        await run.step(number, steps, seconds=seconds / steps)
        run.print(f"TKWait {seed} step {number}/{steps}")
    run.send_text(f"waited {seconds} s")
    return Result((pictures.solid(32, 32, seed % 256 * 0x010101),))


async def fail(run: NodeRun, *, image: Pictures, mode: str, seconds: float = 3600.0) -> Result:
    """Fail in the way that `mode` names; no interrupt reaches a `hang`, and a `freeze` keeps the process from answering at all."""
    _raise(mode)
    if mode in {"exit", "kill"}:
        await run.exit(3 if mode == "exit" else -signal.SIGKILL)
    if mode == "hang":
        await asyncio.sleep(seconds)
    if mode == "freeze":
        await run.freeze(seconds)
    return Result((image,))


async def save_bytes(run: NodeRun, *, megabytes: int, seed: int, filename_prefix: str) -> Result:
    """Save a file of so many megabytes; the seed is its first line."""
    data = f"{seed}\n".encode() + os.urandom(MIB) * megabytes
    return Result(ui={"files": [find_place(run.folders.output, "output", filename_prefix).save(data, "bin")]})


def _raise(mode: str) -> None:
    if mode == "raise":
        raise ValueError("asked to fail")
    if mode == "oom":
        raise OutOfMemoryError("Allocation on device (test)")
    if mode == "device":
        raise RuntimeError("CUDA error: an illegal memory access was encountered")


TESTKIT_NODES = (
    NodeClass(
        "TKWait",
        wait,
        required={"seconds": SECONDS, "steps": ("INT", {"default": 10, "min": 1, "max": 100_000}), "seed": SEED},
        hidden={"unique_id": "UNIQUE_ID"},
        returns=("IMAGE",),
        category="testkit",
    ),
    NodeClass(
        "TKFail",
        fail,
        required={"image": ("IMAGE",), "mode": (FAILURES,)},
        optional={"seconds": SECONDS},
        returns=("IMAGE",),
        category="testkit",
    ),
    NodeClass(
        "TKSaveBytes",
        save_bytes,
        required={
            "megabytes": ("INT", {"default": 1, "min": 0, "max": 4096}),
            "seed": SEED,
            "filename_prefix": ("STRING", {"default": "testkit"}),
        },
        is_output=True,
        category="testkit",
    ),
)
