"""The fake as a command that takes ComfyUI's options, to stand in for its `main.py`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from viewcomfy.testing.fake_comfy.folders import ModelFolders
from viewcomfy.testing.fake_comfy.info_routes import VERSION
from viewcomfy.testing.fake_comfy.serving import ServedFake


class FakeProcess(ServedFake):
    """A fake whose crash is the end of this process."""

    def exit_process(self, code: int, /) -> None:
        """End the process at once."""
        if code < 0:
            os.kill(os.getpid(), -code)
        os._exit(code)


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until a signal comes; options of ComfyUI that mean nothing here are ignored."""
    options = _parse(sys.argv[1:] if argv is None else argv)
    try:
        asyncio.run(_serve(options))
    except KeyboardInterrupt:
        _write("\nStopped server\n")
    except OSError as error:
        _write(f"{error}\n")
        raise SystemExit(1) from error


async def _serve(options: argparse.Namespace) -> None:
    _write(f"Python version: {sys.version}\nComfyUI version: {VERSION}\n")
    await asyncio.sleep(options.fake_start_seconds)
    fake = FakeProcess(host=options.listen, port=options.port, out=_write, argv=sys.argv, **_fake_options(options))
    async with fake.running():
        _write("Starting server\n\n")
        await fake.restart()
        _write(f"To see the GUI go to: {fake.url}\n")
        await asyncio.Event().wait()


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fake_comfy", allow_abbrev=False, description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1", nargs="?", const="0.0.0.0", help="address")  # noqa: S104 - as ComfyUI's
    parser.add_argument("--port", type=int, default=8188)
    parser.add_argument("--base-directory", type=Path, help="holds models, and input, output and temp where no others are named")
    parser.add_argument("--input-directory", type=Path, help="without any folder, files stay in memory")
    parser.add_argument("--output-directory", type=Path)
    parser.add_argument("--temp-directory", type=Path, help="the folder temp in it is emptied at the start")
    parser.add_argument("--preview-method", default="none", help="none, auto, latent2rgb or taesd; no preview with none")
    parser.add_argument("--max-upload-size", type=float, default=100, help="in MB")
    parser.add_argument("--fake-start-seconds", type=float, default=0.0, help="how long to take until the server answers")
    parser.add_argument("--fake-step-seconds", type=float, default=0.0, help="how long a sampler step takes")
    return parser.parse_known_args(argv)[0]


def _fake_options(options: argparse.Namespace) -> dict[str, Any]:
    base: Path | None = options.base_directory
    temp_parent: Path | None = options.temp_directory or base
    return {
        "input_dir": options.input_directory or (base and base / "input"),
        "output_dir": options.output_directory or (base and base / "output"),
        "temp_dir": temp_parent and temp_parent / "temp",
        "models": ModelFolders(base / "models") if base and (base / "models").is_dir() else None,
        "previews": options.preview_method != "none",
        "step_seconds": options.fake_step_seconds,
        "max_upload_bytes": round(options.max_upload_size * 1024 * 1024),
    }


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
