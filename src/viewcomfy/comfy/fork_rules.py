"""Whether a ComfyUI may be forked from a process that has its packages loaded: the reasons against it, as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MEMORY = 1024**3
"""Bytes that must be free before the packages are loaded: they take a third of it, and a job wants to run as well."""
MAX_FAILURES = 2
WATCHED = (
    "PYTHON", "LD_", "MALLOC_", "TMPDIR", "XDG_", "HOME",
    "OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "GOTO_", "BLIS_", "NUMEXPR_", "NPY_",
    "TORCH", "PYTORCH", "ATEN_", "TRITON_", "XFORMERS_", "CUDA_HOME", "CUDA_PATH", "NVIDIA_TF32", "ROCM_", "MIOPEN_",
    "HF_", "HUGGINGFACE_", "TRANSFORMERS_", "TOKENIZERS_", "USE_", "DIFFUSERS_", "SAFETENSORS_", "DO_NOT_TRACK", "PYDANTIC_", "AIOHTTP_",
)  # fmt: skip
"""How the names of variables begin that Python, the C library or a package reads when it is loaded, and not again later.

Those that choose a device (CUDA_VISIBLE_DEVICES and its kin) are read when the device is first used: each fork has its own.
"""
EARLY = {"HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "TORCH_ROCM_AOTRITON_ENABLE_EXPERIMENTAL": "1"}
"""What ComfyUI's main.py sets before it loads torch, if its text has the name."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a process that has the packages loaded tells of itself.

    `threads` are those that outlive a fork's preparations, `devices` the device files that it holds open or mapped, `has_cuda` tells
    whether CUDA is initialised there.
    """

    threads: int
    devices: tuple[str, ...]
    has_cuda: bool


def reason_not_to_load(platform: str, free_memory: int | None, failures: int) -> str | None:
    """Return why the packages should not even be loaded; None: they may. `free_memory` is in bytes, None where it is not known."""
    if platform != "linux":
        return "this is not Linux"
    if failures >= MAX_FAILURES:
        return f"the quick way has failed {failures} times in a row"
    if free_memory is not None and free_memory < MEMORY:
        return f"only {free_memory / 1024**2:.0f} MiB of memory are free"
    return None


def reason_not_to_fork(facts: Facts) -> str | None:
    """Return why that process cannot be forked; None: it can, and no fork can tell that it is one."""
    if facts.has_cuda:
        return "a package initialises CUDA when it is loaded"
    if facts.devices:
        return f"a package opens {facts.devices[0]} when it is loaded"
    if facts.threads > 1:
        return "a package starts threads when it is loaded"
    return None


def watched(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that count when packages are loaded."""
    return {name: value for name, value in env.items() if name.startswith(WATCHED)}


def early_in(text: str) -> dict[str, str]:
    """Guess what a main.py with this text sets before it loads torch."""
    return {name: value for name, value in EARLY.items() if name in text}


def loading_environment(env: Mapping[str, str], early: Mapping[str, str]) -> dict[str, str]:
    """Return the environment to load the packages with: ComfyUI's, with the watched variables as they are when it loads torch."""
    return {name: value for name, value in env.items() if not name.startswith(WATCHED)} | dict(early)
