"""A PostgreSQL server in a folder, with its own port; nothing of it is shared with one that the machine may run."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psutil

from tools.services.process import Process, free_port

USER = "viewcomfy"
PASSWORD = "only-for-tests"  # noqa: S105 - of a server that listens on this machine alone
SETTINGS = {"max_connections": "200", "listen_addresses": "127.0.0.1", "shared_buffers": "64MB", "log_min_messages": "warning"}
"""Beside these everything is as PostgreSQL has it: fsync too."""


class Postgres:
    """A server of which every process can be stopped, killed and paused. The folder is made at the first start and kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._owner = _unprivileged()
        self._port = free_port()
        self._numbers = itertools.count(1)
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """The id of its first process; 0 while it does not run."""
        return self._process.pid if self._process else 0

    @property
    def url(self) -> str:
        """The URL of the database that is always there."""
        return self._url_of("postgres")

    def database(self) -> str:
        """Make a database and return its URL."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self.run(f'CREATE DATABASE "{name}"')
        return self._url_of(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.run(f'DROP DATABASE IF EXISTS "{url.rpartition("/")[2]}" WITH (FORCE)')

    def run(self, statement: str) -> None:
        """Run one statement as the owner of everything."""
        import psycopg

        with psycopg.connect(self.url, autocommit=True, connect_timeout=10) as connection:
            connection.execute(statement.encode())

    def start(self) -> None:
        """Start it, on the port that it had before; return once it answers."""
        place = self._place()
        if not (place / "data" / "PG_VERSION").is_file():
            self._init(place)
        command = [str(_program("postgres")), "-D", str(place / "data"), "-p", str(self._port), "-k", str(place)]
        command += [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        self._process = Process(command, log=self._folder / "postgres.log", user=self._owner)
        self._process.start(self._answers)

    def stop(self) -> None:
        """End it at once and in good order; whoever is connected loses the connection."""
        if self._process is not None:
            self._process.signal(signal.SIGCONT)
            self._process.signal(signal.SIGINT)
            self._process.stop()
            self._process = None

    def kill(self) -> None:
        """End every process of it in mid-work, as a crash of the machine would."""
        children = list(self._children())
        if self._process is not None:
            self._process.kill()
            self._process = None
        for child in children:  # they hold the memory that the next start wants to have for itself
            with suppress(psutil.NoSuchProcess):
                child.kill()
        psutil.wait_procs(children, timeout=10)

    def restart(self) -> None:
        """Stop it and start it again."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Let it stand still, as a machine does that is out of breath: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def remove(self) -> None:
        """Stop it and remove what it kept."""
        self.stop()
        shutil.rmtree((self._folder / "place").resolve(), ignore_errors=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _url_of(self, database: str) -> str:
        return f"postgresql://{USER}:{quote(PASSWORD)}@127.0.0.1:{self._port}/{database}"

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _children(self) -> Iterator[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            yield from psutil.Process(self.pid).children(recursive=True) if self.pid else ()

    def _signal(self, number: int) -> None:
        if self._process is not None:
            self._process.signal(number)
        for child in self._children():
            with suppress(psutil.NoSuchProcess):
                child.send_signal(number)

    def _place(self) -> Path:
        """Return the folder of the data: where another user must own it, one that this user gets to, and that `folder` leads to."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._owner is None:
            return self._folder
        place = self._folder / "place"
        if not place.exists():
            place.unlink(missing_ok=True)
            made = Path(tempfile.mkdtemp(prefix="viewcomfy-postgres-", dir="/tmp"))
            os.chown(made, self._owner, -1)
            place.symlink_to(made)
        return place.resolve()

    def _init(self, place: Path) -> None:
        secret = place / "password"
        secret.write_text(PASSWORD)
        try:
            subprocess.run(
                [
                    _program("initdb"), "-D", place / "data", "-U", USER, "--pwfile", secret, "-A", "scram-sha-256", "-E", "UTF8",
                    "--locale=C.UTF-8",
                ],
                check=True, user=self._owner, cwd=place, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            )  # fmt: skip
        finally:
            secret.unlink()


def is_installed() -> bool:
    """Tell whether PostgreSQL's programs are there."""
    return bool(_programs("initdb"))


def _program(name: str) -> Path:
    found = _programs(name)
    if not found:
        raise RuntimeError(f"{name} is missing: install PostgreSQL, for instance with `apt install postgresql`.")
    return found[0]


def _programs(name: str) -> list[Path]:
    """Return where a program is: the newest version of Debian's folders first, then what is in the PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parent.parent.name), reverse=True)
    in_path = shutil.which(name)
    return versions + ([Path(in_path)] if in_path else [])


def _unprivileged() -> int | None:
    """Return the user to run it as where we are root, which PostgreSQL refuses to be."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise RuntimeError("PostgreSQL does not run as root, and there is no other user here.")
