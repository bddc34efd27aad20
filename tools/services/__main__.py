"""Start and stop the services that the product can run on: `python -m tools.services up|env|down`.

They are NATS, PostgreSQL and an S3 server, in `.services/`, on free ports, and empty at each start.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

from tools.services.nats import NatsServer
from tools.services.postgres import Postgres, is_installed
from tools.services.s3 import Moto

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".services"
STATE = FOLDER / "state.json"
LOCK = FOLDER / "keeper.lock"
LOG = FOLDER / "keeper.log"
START_SECONDS = 120.0
STOP_SECONDS = 60.0
STARTING = -1


def main() -> None:
    """Do what the command line says."""
    commands = {"up": up, "env": env, "down": down, "keep": keep}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit("python -m tools.services up | env | down")
    commands[sys.argv[1]]()


def up() -> None:
    """Start them unless they run, and print what to tell a server: `eval "$(python -m tools.services up)"`."""
    install_postgres()
    FOLDER.mkdir(exist_ok=True)
    if not keeper():
        STATE.unlink(missing_ok=True)
        with LOG.open("wb") as log:
            command = [sys.executable, "-m", "tools.services", "keep"]
            subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        time.sleep(1)
    deadline = time.monotonic() + START_SECONDS
    while keeper() == STARTING and time.monotonic() < deadline:
        time.sleep(0.1)
    env()


def env() -> None:
    """Print the variables of the services that run."""
    if keeper() <= 0:
        sys.exit(f"The services do not run: make services\n{LOG.read_text()[-2000:] if LOG.exists() else ''}".strip())
    for name, value in json.loads(STATE.read_text())["settings"].items():
        print(f"export {name}={shlex.quote(value)}")


def down() -> None:
    """Stop them, by the id of the process that started them."""
    while (pid := keeper()) == STARTING:
        time.sleep(0.1)
    if not pid:
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while keeper():
        if time.monotonic() > deadline:
            sys.exit(f"The services do not stop; process {pid} holds them.")
        time.sleep(0.1)


def keep() -> None:
    """Start them and hold them until told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with LOCK.open("a+") as lock, ExitStack() as stack:
        if not _lock(lock):
            sys.exit("They run already.")
        settings = started(stack)
        draft = STATE.with_suffix(".tmp")
        draft.write_text(json.dumps({"pid": os.getpid(), "settings": settings}))
        draft.replace(STATE)
        stack.callback(STATE.unlink, missing_ok=True)
        while True:
            signal.pause()


def started(stack: ExitStack) -> dict[str, str]:
    """Start every service, to be stopped with the stack; return the settings of a server that uses them."""
    shutil.rmtree(FOLDER / "nats", ignore_errors=True)
    nats, postgres, moto = NatsServer(FOLDER / "nats"), Postgres(FOLDER / "postgres"), Moto(FOLDER)
    for service, end in ((nats, nats.stop), (postgres, postgres.remove), (moto, moto.stop)):
        stack.callback(end)
        service.start()
    return {
        "VIEWCOMFY_ENGINE": nats.url,
        "VIEWCOMFY_STORE": postgres.database(),
        "VIEWCOMFY_FILES": moto.bucket(),
    }


def keeper() -> int:
    """Return the id of the process that holds the services, 0 where none does."""
    if not LOCK.exists():
        return 0
    with LOCK.open("a+") as lock:
        if _lock(lock):
            return 0
    with suppress(OSError, ValueError, KeyError):
        return int(json.loads(STATE.read_text())["pid"])
    return STARTING


def install_postgres() -> None:
    """Install PostgreSQL where that is allowed and it is missing; say what to type otherwise."""
    if is_installed():
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.exit("PostgreSQL is missing: apt-get install postgresql (or your system's own way), then again.")
    print("Installing PostgreSQL", file=sys.stderr, flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "postgresql"]):
        subprocess.run(command, env=quiet, stdout=sys.stderr, check=True)


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
