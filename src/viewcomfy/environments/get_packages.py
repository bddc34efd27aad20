"""Install exactly the packages that a document names: its build of torch, then all the others, nothing else."""

from __future__ import annotations

from viewcomfy.comfy.install import Work, add_stand_ins
from viewcomfy.comfy.packages import Packages
from viewcomfy.core.errors import InstallFailed
from viewcomfy.environments.checks import name_of, version_of
from viewcomfy.environments.document import Document
from viewcomfy.environments.hardware import CPU, names_gpu_packages

ALONE = "--no-deps"


def get_torch(work: Work, document: Document) -> None:
    """Install the build of torch. Raises InstallFailed, which names it."""
    torch = document.torch
    versions = {"torch": torch.version, "torchvision": torch.torchvision, "torchaudio": torch.torchaudio}
    plain = [f"{name}=={version.partition('+')[0]}" for name, version in versions.items() if version]
    # a document for GPUs that names none of their packages leaves them to torch
    options = [ALONE] if torch.build == CPU or names_gpu_packages(document) else []
    if not torch.build:
        return _get(work, options, plain)
    if _kept(work, options, built := [f"{line}+{torch.build}" for line in plain]) or work.packages.can_install(*options, *built):
        return None
    return _get(work, [*options, "--torch-backend", torch.build], plain)  # uv knows where PyTorch keeps it


def get_packages(work: Work, document: Document) -> None:
    """Install all others, and stand-ins for those that ComfyUI imports and that the document does not have. Raises InstallFailed."""
    if document.packages:
        _get(work, [ALONE], list(document.packages))
    add_stand_ins(work.packages)


def _get(work: Work, options: list[str], lines: list[str]) -> None:
    if _kept(work, options, lines):
        return
    try:
        work.packages.install(*options, *lines)
    except InstallFailed as fault:
        told = fault.message.rpartition(lines[-1] + "\n")[2]
        culprit = next((line for line in lines if _is_named(line, told)), "")
        what = f"The package {culprit}" if culprit else "One of the packages"
        raise InstallFailed(f"{what} can't be had here:\n{told}", hint=fault.hint) from fault


def _kept(work: Work, options: list[str], lines: list[str]) -> bool:
    """Install from what uv has kept of earlier installs, without asking anybody; tell whether all was there."""
    quiet = Packages(work.packages.python.parents[1], lambda _: None)
    return quiet.has_uv and quiet.can_install("--offline", *options, *lines)


def _is_named(line: str, told: str) -> bool:
    """Tell whether what an installer has said is about this package."""
    name, version = name_of(line), version_of(line)
    return f"{name}=={version}" in told or f"{name} @ " in told or f"`{name}`" in told
