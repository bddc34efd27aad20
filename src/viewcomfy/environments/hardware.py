"""What a document holds for a GPU, and the same document for a machine without one, or with one."""

from __future__ import annotations

import re
from dataclasses import replace

from viewcomfy.environments.checks import name_of, version_of
from viewcomfy.environments.document import Document

GPU_PACKAGES = re.compile(r"nvidia-.*|cuda-.*|cupy-cuda.*|triton|pytorch-triton.*|triton-rocm|xformers")
GPU_LABEL = re.compile(r"\+(cu|rocm|xpu)\d*")
CPU = "cpu"


def is_for_gpu(document: Document) -> bool:
    """Tell whether its torch is one that works on a GPU."""
    return bool(re.match(r"cu|rocm|xpu", document.torch.build)) or names_gpu_packages(document)


def names_gpu_packages(document: Document) -> bool:
    """Tell whether what torch needs on a GPU is among its packages."""
    return any(GPU_PACKAGES.fullmatch(name_of(line)) for line in document.packages)


def for_cpu(document: Document) -> Document:
    """Return it with the build of torch for the CPU alone, and without the packages that only a GPU can use; its id is another."""
    if document.torch.build == CPU:
        return document
    torch = document.torch
    plain = replace(torch, build=CPU, torchvision=_plain(torch.torchvision), torchaudio=_plain(torch.torchaudio))
    kept = tuple(line for line in document.packages if not _needs_gpu(line))
    return replace(document, torch=plain, packages=kept)


def for_gpu(document: Document) -> Document:
    """Return it with the build of torch that the package registry has for GPUs, whose own packages are chosen when it is installed."""
    if document.torch.build != CPU:
        return document
    torch = document.torch
    plain = replace(torch, build="", torchvision=_plain(torch.torchvision), torchaudio=_plain(torch.torchaudio))
    return replace(document, torch=plain)


def _needs_gpu(line: str) -> bool:
    return bool(GPU_PACKAGES.fullmatch(name_of(line)) or GPU_LABEL.search(version_of(line)))


def _plain(version: str) -> str:
    return version.partition("+")[0]
