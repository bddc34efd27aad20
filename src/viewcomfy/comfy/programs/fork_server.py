"""Load the packages that ComfyUI needs, once, then fork a process for each request that runs ComfyUI's own main.py.

    python fork_server.py CONTROL_FD

CONTROL_FD is a SOCK_SEQPACKET socket. A request is one packet with a terminal's file descriptor beside it: a JSON object with
`main` (the path of main.py), `arguments` and `env`. Answers: `{"ready": true}` once, `{"pid": N}` for each request, in order, and
`{"exited": N, "code": C}` when a process ends (negative for a signal). The end of the control socket ends the server.

Only packages of others are loaded, nothing of ComfyUI, and no device is touched: what runs in the fork is ComfyUI as it is.
"""

import contextlib
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
from pathlib import Path
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
PACKET = 1024 * 1024


def preload() -> None:
    """Load what is there; what is missing, ComfyUI will miss as well."""
    for name in PACKAGES:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    for package, names in LAZY.items():
        for name in names:
            with contextlib.suppress(Exception):
                getattr(sys.modules.get(package), name)
    gc.collect()
    gc.freeze()  # so that no collection in a fork touches, and thereby copies, what is shared


def serve(control: socket.socket) -> None:
    """Answer requests and report ends until the other side is gone."""
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write)
    tell(control, ready=True)
    while True:
        readable, _, _ = select.select([control.fileno(), wake_read], [], [])
        if wake_read in readable:
            os.read(wake_read, 4096)
            report_ends(control)
        if control.fileno() in readable:
            packet, descriptors, _, _ = socket.recv_fds(control, PACKET, 1)
            if not packet:
                return
            pid = fork(json.loads(packet), descriptors[0], (control.fileno(), wake_read, wake_write))
            os.close(descriptors[0])
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


def fork(request: dict[str, Any], terminal: int, inherited: tuple[int, ...]) -> int:
    """Return the pid of a new process that runs the request on the terminal."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for descriptor in inherited:
            os.close(descriptor)
        take_terminal(terminal)
        code = run_main(Path(request["main"]), request["arguments"], request["env"])
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def take_terminal(terminal: int) -> None:
    """Lead a session of its own on the terminal, so that its end is ours, with line-buffered output as a fresh Python has there."""
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


def run_main(main: Path, arguments: list[str], env: dict[str, str]) -> int:
    """Become `python main.py`, as far as ComfyUI can tell; return its exit code."""
    os.environ.clear()
    os.environ.update(env)
    random.seed()  # drawn anew: all forks would have the same
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    os.chdir(main.parent)
    sys.argv = [str(main), *arguments]
    sys.path[0] = str(main.parent)
    try:
        runpy.run_path(str(main), run_name="__main__")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


if __name__ == "__main__":
    sys.path[0] = os.devnull  # not this folder
    preload()
    if len(list(Path("/proc/self/task").iterdir())) == 1:  # with threads, a fork may hang
        serve(socket.socket(fileno=int(sys.argv[1])))
