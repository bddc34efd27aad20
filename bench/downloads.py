"""How long a model takes to come, beside curl, from a server that gives each connection so much: `python -m bench downloads`."""

from __future__ import annotations

import hashlib
import json
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from viewcomfy.comfy.installation import Installation
from viewcomfy.core.models import Model
from viewcomfy.models.download import Pace
from viewcomfy.models.shelf import Shelf

MIB = 1024 * 1024
BLOCK = 256 * 1024
ROUNDS = 3


def measure(scale: float) -> None:
    """Print how long a file takes in one part, in four, and with curl, where a connection gives 20 MB/s and all it can."""
    data = model_file(max(8, int(128 * scale)))
    for rate in (20e6, 0.0):
        taken: dict[str, list[float]] = {"curl": [], "one part": [], "four parts": []}
        with site(data, rate) as url:
            for _ in range(ROUNDS):
                taken["curl"].append(by_curl(url))
                taken["one part"].append(by_us(url, data, parts=1))
                taken["four parts"].append(by_us(url, data, parts=4))
        median = {name: statistics.median(seconds) for name, seconds in taken.items()}
        told = ", ".join(f"{name} {seconds:.2f} s (ratio {seconds / median['curl']:.2f})" for name, seconds in median.items())
        speed = f"{rate / 1e6:.0f} MB/s a connection" if rate else "no limit"
        print(f"{len(data) / 1e6:.0f} MB, {speed}: {told}; ours with the hash and the header checked")


def model_file(mib: int) -> bytes:
    size = mib * MIB
    header = json.dumps({"weight": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(size)


def by_curl(url: str) -> float:
    started = time.perf_counter()
    subprocess.run(["curl", "-sSf", "--noproxy", "*", "-o", "/dev/null", url], check=True)
    return time.perf_counter() - started


def by_us(url: str, data: bytes, *, parts: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(sys.executable), Path(folder) / "main.py", Path(folder), "0", "nowhere")
        (Path(folder) / "models" / "checkpoints").mkdir(parents=True)
        shelf = Shelf(installation, pace=Pace(parts=parts, least=MIB))
        started = time.perf_counter()
        shelf.add(Model("checkpoints", "a.safetensors", url, hashlib.sha256(data).hexdigest()))
        return time.perf_counter() - started


@contextmanager
def site(data: bytes, rate: float) -> Iterator[str]:
    """Serve the data with ranges; each connection gets `rate` bytes a second, 0: all it can."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            start, end = (int(wanted[1]), int(wanted[2] or len(data) - 1) + 1) if wanted else (0, len(data))
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(end - start))
            self.send_header("ETag", '"1"')
            if wanted:
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(data)}")
            self.end_headers()
            begun, first, view = time.perf_counter(), start, memoryview(data)
            try:
                while start < end:
                    self.wfile.write(view[start : min(end, start + BLOCK)])
                    start += BLOCK
                    if rate:
                        time.sleep(max(0.0, (start - first) / rate - (time.perf_counter() - begun)))
            except OSError:  # whoever asked has what it wanted
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/a.safetensors"
    finally:
        server.shutdown()
        server.server_close()
