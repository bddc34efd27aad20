"""The entry point."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.typed import Typed
from viewcomfy.cli.exits import ExitCode

HEAVY = ["fastapi", "starlette", "sqlalchemy", "uvicorn", "alembic", "aiohttp", "PIL"]
COMMANDS = (
    "serve", "demo", "comfyui", "run", "batch", "jobs", "batches", "client", "params", "deploy", "deployments", "keys", "share", "doctor",
)  # fmt: skip


def test_help_names_every_command_and_exit_code(typed: Callable[..., Typed]) -> None:
    told = typed("--help")
    assert told.code == 0
    assert [name for name in COMMANDS if f" {name} " not in told.out] == []
    codes = " ".join(told.out.split()).partition("Exit codes:")[2]
    assert [code for code in ExitCode if f" {code.value} " not in codes] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(typed: Callable[..., Typed], command: str) -> None:
    told = typed(command, "--help")
    assert told.code == 0
    assert "Usage: viewcomfy" in told.out


@pytest.mark.parametrize("words", [["nonsense"], ["run"], ["deploy", "x"], ["jobs", "list", "--status", "lost"], ["serve", "--port", "x"]])
def test_a_wrong_command_line_is_a_sentence_and_the_command_that_explains(typed: Callable[..., Typed], words: list[str]) -> None:
    told = typed(*words)
    assert told.code == ExitCode.BAD_INPUT
    assert told.err.startswith("Error: ")
    assert "--help` explains it." in told.err


def test_a_wrong_command_line_is_json_for_programs(typed: Callable[..., Typed]) -> None:
    told = typed("run", "--json")
    assert told.error["code"] == "bad_input"
    assert told.out == ""


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["run", "x", "--server", "http://127.0.0.1:9"]])
def test_the_callers_commands_do_not_wait_for_the_servers_imports(words: list[str], tmp_path: Path) -> None:
    program = (
        f"import sys; from viewcomfy.cli.main import run; run({words!r});"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stderr.splitlines()[-1] == ""


@pytest.mark.parametrize(
    ("missing", "extra"),
    [("fastapi", "viewcomfy[server]"), ("uvicorn", "viewcomfy[server]"), ("typer", "viewcomfy[cli]"), ("rich", "viewcomfy[cli]")],
)
def test_a_part_that_is_not_installed_is_answered_with_what_to_type(missing: str, extra: str, tmp_path: Path) -> None:
    program = f"import sys; sys.modules[{missing!r}] = None; from viewcomfy.cli.main import run; sys.exit(run(['serve', '--port', '0']))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == ExitCode.LOCAL
    assert f'pip install "{extra}"' in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("missing", "words", "extra"),
    [
        ("psycopg", ["serve", "--store", "postgresql://u:p@127.0.0.1:9/x"], "viewcomfy[postgres]"),
        ("nats", ["serve", "--engine", "nats://127.0.0.1:9"], "viewcomfy[nats]"),
        ("obstore", ["serve", "--files", "s3://bucket"], "viewcomfy[s3]"),
        ("bcrypt", ["nats", "config"], "viewcomfy[nats]"),
        ("nats", ["worker", "--engine", "nats://127.0.0.1:9", "--comfyui", "http://127.0.0.1:9"], "viewcomfy[worker]"),
        ("aiohttp", ["worker", "--engine", "nats://127.0.0.1:9", "--comfyui", "http://127.0.0.1:9"], "viewcomfy[worker]"),
    ],
)
def test_an_engine_that_is_not_installed_is_answered_with_what_to_type(missing: str, words: list[str], extra: str, tmp_path: Path) -> None:
    program = f"import sys; sys.modules[{missing!r}] = None; from viewcomfy.cli.main import run; sys.exit(run({words!r}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False, timeout=60)
    assert f'pip install "{extra}"' in done.stderr, done.stderr
    assert done.returncode == ExitCode.LOCAL
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    workflow = tmp_path / "w.json"
    workflow.write_text('{"1": {"class_type": "X", "inputs": {"text": "' + "x" * 1_000_000 + '"}}}')
    command = f"{sys.executable} -m viewcomfy.cli.main params w.json -o - | head -c 10"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_server_that_is_away_is_a_sentence(typed: Callable[..., Typed]) -> None:
    told = typed("jobs", "list", "--server", "http://127.0.0.1:9", "--json")
    assert told.code == ExitCode.UNAVAILABLE
    assert told.error["code"] == "server_unavailable"


def test_a_key_in_halves_is_refused(typed: Callable[..., Typed]) -> None:
    told = typed("run", "x", "--client-id", "vc_1")
    assert told.code == ExitCode.NOT_ALLOWED
    assert "client_secret" in told.err
