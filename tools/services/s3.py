"""S3 servers: moto, which is small and quick, and SeaweedFS, which is a real one on a disk."""

from __future__ import annotations

import json
import secrets
import signal
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from tools.services.process import Process, free_port, listens

REGION = "us-east-1"
_PORTS = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc", "s3.port.grpc")


class S3Server:
    """What both have in common: a port, two secrets, buckets. Its port stays the same when it is started again."""

    def __init__(self, log: Path) -> None:
        self.port = free_port()
        self.access_key = secrets.token_hex(8)
        self.secret_key = secrets.token_urlsafe(24)
        self._log = log
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """The endpoint, such as http://127.0.0.1:9000."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process id; 0 while it does not run."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start it and return once it answers."""
        self._process = Process(self._command(), log=self._log)
        self._process.start(self._answers)

    def stop(self) -> None:
        """Have it end in its own way."""
        if self._process:
            self._process.stop()

    def kill(self) -> None:
        """End it at once."""
        if self._process:
            self._process.kill()

    def restart(self) -> None:
        """Stop it and start it again."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Stop it from doing anything, as a machine that hangs."""
        if self._process:
            self._process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Have it go on."""
        if self._process:
            self._process.signal(signal.SIGCONT)

    def bucket(self, name: str = "", prefix: str = "files") -> str:
        """Make a bucket, a new one where none is named, and return the files URL of a prefix in it, credentials included."""
        name = name or f"test-{secrets.token_hex(6)}"
        self._make_bucket(name)
        return self.files_url(name, prefix)

    def files_url(self, bucket: str, prefix: str = "files") -> str:
        """Return the files URL of a prefix in a bucket."""
        login = f"{quote(self.access_key, safe='')}:{quote(self.secret_key, safe='')}"
        return f"s3://{login}@{bucket}/{prefix}?endpoint={self.url}&region={REGION}"

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _answers(self) -> bool:
        """Tell whether requests get any answer, be it a refusal."""
        if not listens(self.port):
            return False
        try:
            with urllib.request.urlopen(self.url, timeout=5):  # noqa: S310 - our own server
                return True
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code < 500
        except OSError:
            return False

    def _make_bucket(self, name: str) -> None:
        raise NotImplementedError


class Moto(S3Server):
    """moto's server: everything in memory, gone with the process; it believes any credentials."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "moto.log")

    def _command(self) -> list[str]:
        return [str(Path(sys.executable).with_name("moto_server")), "-H", "127.0.0.1", "-p", str(self.port)]

    def _make_bucket(self, name: str) -> None:
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/{name}", method="PUT"), timeout=30):  # noqa: S310 - our own server
            pass


class SeaweedFS(S3Server):
    """SeaweedFS in one process, its data below `folder`, kept when it is killed; it checks signatures."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "weed.log")
        self._folder = folder
        self._ports = {name: free_port() for name in _PORTS}

    def start(self) -> None:
        """Start it and return once a file can be stored."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "data").mkdir(exist_ok=True)
        credentials = [{"accessKey": self.access_key, "secretKey": self.secret_key}]
        admin = {"name": "test", "credentials": credentials, "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
        (self._folder / "s3.json").write_text(json.dumps({"identities": [admin]}), encoding="utf-8")
        super().start()

    def stop(self) -> None:
        """End it at once: its own way takes half a minute, and it keeps what it has stored either way."""
        self.kill()

    def _command(self) -> list[str]:
        program = str(Path(sys.executable).with_name("weed"))
        data, config = self._folder / "data", self._folder / "s3.json"
        given = {
            **{
                "dir": data,
                "ip": "127.0.0.1",
                "ip.bind": "127.0.0.1",
                "volume.max": 0,
                "master.volumeSizeLimitMB": 64,
                "master.electionTimeout": "500ms",
            },
            **{"s3.config": config, "s3.port": self.port, "s3.port.iceberg": 0, "s3.port.lance": 0, **self._ports},
            **{"filer": "true", "s3": "true", "master.telemetry": "false"},
        }
        return [program, "server", *(f"-{name}={value}" for name, value in given.items())]

    def _answers(self) -> bool:
        if not super()._answers():
            return False
        with suppress(Exception):
            self._make_bucket("ready")
            return True
        return False

    def _make_bucket(self, name: str) -> None:
        """Store and remove a file: the bucket comes with the first one."""
        import obstore
        from obstore.store import S3Store

        config = {"access_key_id": self.access_key, "secret_access_key": self.secret_key, "region": REGION, "endpoint": self.url}
        store = S3Store(name, **config, client_options={"allow_http": True}, retry_config={"max_retries": 0})  # type: ignore[arg-type]
        obstore.put(store, ".ready", b"")
        obstore.delete(store, ".ready")
