"""Load the packages that ComfyUI needs, once, then fork a process for each request that runs ComfyUI's own main.py.

    python fork_server.py CONTROL_FD ROOM

CONTROL_FD is a SOCK_SEQPACKET socket; ROOM is a long text, in whose place a fork shows ComfyUI's own command line. A request is
one packet with a terminal's file descriptor beside it: a JSON object with `main` (the path of main.py), `arguments`, `env`,
`watched` (beginnings of the names of variables that packages read when they are loaded) and `alone` (run it in this process,
without a fork, and serve no more). Answers, one packet each:

    {"ready": true, "threads": N, "devices": [PATH …], "has_cuda": BOOL}     once: what stands against forks
    {"pid": N} or {"fault": TEXT}                                            for each request, in order
    {"early": {NAME: VALUE …}}                                               by a process that had to load the packages itself, see below
    {"exited": N, "code": C}                                                 when a process ends (negative for a signal)

The end of the control socket ends the server.

Only packages of others are loaded, nothing of ComfyUI, and no device is touched: what runs in the fork is ComfyUI as it is. When
it comes to import torch and a watched variable then has another value than here, where torch was loaded, it becomes an
ordinary process instead, and `early` tells the values that it should have been loaded with.
"""

import contextlib
import ctypes
import fcntl
import gc
import importlib
import json
import os
import random
import runpy
import select
import signal
import socket
import sys
import termios
import traceback
from collections.abc import Callable, Iterable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGES = (
    "torch", "torch.nn.functional", "torch.utils.checkpoint", "torchsde",
    "torchaudio", "torchvision", "numpy", "scipy.stats", "scipy.integrate", "scipy.ndimage", "scipy.optimize", "einops",
    "einops.layers.torch", "transformers", "transformers.utils", "safetensors.torch", "tokenizers", "sentencepiece", "aiohttp",
    "aiohttp.web", "PIL.Image", "PIL.ImageOps", "PIL.ImageSequence", "PIL.PngImagePlugin", "PIL.ImageFont", "PIL.ImageDraw", "av",
    "av.container", "av.subtitles.stream", "requests", "yaml", "tqdm", "tqdm.auto", "psutil", "pydantic", "pydantic_settings",
    "asyncio", "sqlite3", "logging", "email.mime.multipart", "uuid", "glob", "mimetypes", "html", "http.cookies", "kornia",
    "kornia.filters", "kornia.morphology", "kornia.color", "spandrel",
)  # fmt: skip
LAZY = {"transformers": ("CLIPTokenizer", "T5TokenizerFast", "Qwen2Tokenizer", "LlamaTokenizerFast", "BertTokenizer", "ByT5Tokenizer")}
"""Names that their package loads only when they are asked for, with much behind them."""
DEVICES = ("/dev/nvidia", "/dev/kfd", "/dev/dri/", "/dev/dxg")
CUDA_ERROR_NOT_INITIALIZED = 3
PACKET = 1024 * 1024


def preload() -> None:
    """Load what is there; what is missing, ComfyUI will miss as well."""
    gc.disable()  # loading makes next to no garbage, and looking for it takes a tenth of the time
    for name in PACKAGES:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    for package, names in LAZY.items():
        for name in names:
            with contextlib.suppress(Exception):
                getattr(sys.modules.get(package), name)
    gc.collect()
    gc.freeze()  # so that no collection in a fork touches, and thereby copies, what is shared
    gc.enable()


def facts() -> dict[str, Any]:
    """Return what speaks against forks: threads, and a device that has been touched."""
    if not (trial := os.fork()):
        os._exit(0)
    os.waitpid(trial, 0)  # a pool of threads that knows of forks, as OpenBLAS has, is gone after one
    return {"threads": len(list(Path("/proc/self/task").iterdir())), "devices": devices(), "has_cuda": has_cuda()}


def devices(beginnings: tuple[str, ...] = DEVICES) -> list[str]:
    """Return the device files that are open or mapped here: a driver that has been initialised holds some."""
    held = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            held.add(str(descriptor.readlink()))
    for line in Path("/proc/self/maps").read_text(errors="replace").splitlines():
        held.add(line.partition("/")[1] + line.partition("/")[2])
    return sorted(path for path in held if path.startswith(beginnings))


def has_cuda() -> bool:
    """Tell whether CUDA is initialised: its library is here and answers something else than that it is not."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return True
    try:
        library = ctypes.CDLL("libcuda.so.1", mode=os.RTLD_NOLOAD | os.RTLD_NOW)
    except OSError:
        return False  # nobody has loaded it
    return bool(library.cuDeviceGetCount(ctypes.byref(ctypes.c_int())) != CUDA_ERROR_NOT_INITIALIZED)


def serve(control: socket.socket, loaded_with: dict[str, str]) -> None:
    """Answer requests and report ends until the other side is gone."""
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write)
    while True:
        readable, _, _ = select.select([control.fileno(), wake_read], [], [])
        if wake_read in readable:
            os.read(wake_read, 4096)
            report_ends(control)
        if control.fileno() in readable:
            packet, descriptors, _, _ = socket.recv_fds(control, PACKET, 1)
            if not packet:
                return
            answer(control, Request(json.loads(packet), descriptors[0], control, loaded_with), (wake_read, wake_write))
            os.close(descriptors[0])


def answer(control: socket.socket, request: "Request", inherited: tuple[int, ...]) -> None:
    """Run a request, here or in a fork, and tell its process."""
    if request.alone:
        tell(control, pid=os.getpid())
        request.run(inherited)
    try:
        pid = os.fork()
    except OSError as fault:
        tell(control, fault=str(fault))
        return
    if not pid:
        request.run(inherited)
    tell(control, pid=pid)


def tell(control: socket.socket, **answer: object) -> None:
    """Send one answer."""
    control.send(json.dumps(answer).encode())


def report_ends(control: socket.socket) -> None:
    """Kill what is left of each process's group before its number is free again, then report it."""
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(ended.si_pid, signal.SIGKILL)
        _, status = os.waitpid(ended.si_pid, 0)
        tell(control, exited=ended.si_pid, code=os.waitstatus_to_exitcode(status))


class Request:
    """A ComfyUI to run; `loaded_with` is the environment that the packages were loaded with."""

    def __init__(self, asked: dict[str, Any], terminal: int, control: socket.socket, loaded_with: dict[str, str]) -> None:
        self.alone: bool = asked["alone"]
        self._main, self._arguments, self._env = str(asked["main"]), asked["arguments"], asked["env"]
        self._watched = tuple(asked["watched"])
        self._terminal, self._control, self._loaded_with = terminal, control, loaded_with

    def run(self, inherited: tuple[int, ...]) -> None:
        """Become ComfyUI; it does not return."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for descriptor in inherited:
                os.close(descriptor)
            take_terminal(self._terminal, is_leader=self.alone)
            os.environ.clear()
            os.environ.update(self._env)
            if locale := self._loaded_with.get("LC_CTYPE"):  # a Python sets it when it starts, where there is none
                os.environ.setdefault("LC_CTYPE", locale)
            if torch := sys.modules.pop("torch", None):  # ComfyUI and its nodes look whether it is there already
                sys.meta_path.insert(0, Held(torch, self._check))
            else:
                self._control.close()
            show_command([sys.executable, self._main, *self._arguments])
            code = run_main(self._main, self._arguments)
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _check(self) -> None:
        """Go on if the packages would be loaded now as they were; else tell how, and be an ordinary process."""
        early = watched(os.environ.items(), self._watched)
        if early == watched(self._loaded_with.items(), self._watched):
            self._control.close()
            return
        with contextlib.suppress(OSError):
            tell(self._control, early=early)
        names = {name for name, _ in early.items() ^ watched(self._loaded_with.items(), self._watched).items()}
        sys.stdout.write(f"ComfyUI is started in the ordinary way: {', '.join(sorted(names))} was set before it loaded torch.\n")
        sys.stdout.flush()
        os.execve(sys.executable, [sys.executable, self._main, *self._arguments], self._env)  # noqa: S606  its own Python


class Held(MetaPathFinder, Loader):
    """Find a module that is loaded but out of sight, and call `before` when it is imported."""

    def __init__(self, module: ModuleType, before: Callable[[], None]) -> None:
        self._module, self._before = module, before
        self._spec = module.__spec__
        self._loader = module.__loader__

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return where the module is, to those who only look as well."""
        del path, target
        if name != self._module.__name__ or self._spec is None:
            return None
        spec = ModuleSpec(name, self, origin=self._spec.origin, is_package=True)
        spec.submodule_search_locations = self._spec.submodule_search_locations
        spec.has_location = True
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module that is loaded."""
        del spec
        self._before()
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """Leave the module as it was: it has run."""
        module.__spec__, module.__loader__ = self._spec, self._loader
        sys.meta_path.remove(self)


def watched(env: Iterable[tuple[str, str]], beginnings: tuple[str, ...]) -> dict[str, str]:
    """Return the variables that packages read when they are loaded."""
    return {name: value for name, value in env if name.startswith(beginnings)}


def take_terminal(terminal: int, *, is_leader: bool) -> None:
    """Lead a session of its own on the terminal, so that its end is ours, with line-buffered output as a fresh Python has there."""
    if not is_leader:
        os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for number in (1, 2):
        os.dup2(terminal, number)
    os.close(terminal)
    for number in (signal.SIGCHLD, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # ComfyUI wraps the buffers of these; the dunder names keep them from being closed as garbage
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", buffering=1, encoding="utf-8", closefd=False)  # type: ignore[misc]  # see above
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # type: ignore[misc]  # see above


def show_command(command: Sequence[str]) -> None:
    """Show this command line to whoever lists processes, as far as there is room where the kernel keeps our own."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    if 0 < start < end:
        ctypes.memmove(start, b"\0".join(map(os.fsencode, command))[: end - start - 1].ljust(end - start, b"\0"), end - start)


def run_main(main: str, arguments: list[str]) -> int:
    """Become `python main.py`, as far as ComfyUI can tell; return its exit code."""
    random.seed()  # drawn anew: all forks would have the same
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    folder = str(Path(main).parent)
    os.chdir(folder)
    sys.argv = [main, *arguments]
    sys.path[0] = folder
    try:
        runpy.run_path(main, run_name="__main__")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


if __name__ == "__main__":
    sys.path[0] = os.devnull  # not this folder
    ours = socket.socket(fileno=int(sys.argv[1]))
    ours.set_inheritable(False)
    at_load = dict(os.environ)
    preload()
    tell(ours, ready=True, **facts())
    serve(ours, at_load)
