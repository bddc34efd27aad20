"""`viewcomfy serve`, as a process."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.cli.typed import Typed
from tests.e2e.product import COMMAND, Product, environment, until
from tests.server.site_kit import WAITING

WAITING_LONG = {**WAITING, "1": {"class_type": "TKWait", "inputs": {"seconds": 60, "steps": 600, "seed": 1}}}


@contextmanager
def serving(data: Path, *words: str, **settings: object) -> Iterator[subprocess.Popen[str]]:
    """Start a server in a process of its own; it is killed at the end unless it has ended."""
    command = [*COMMAND, "serve", "--data-dir", str(data), "--port", "0", *words]
    env = environment(**settings) | {"HOME": str(data)}  # no ComfyUI of whoever runs the tests
    data.mkdir(exist_ok=True)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, cwd=data) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout
    line: dict[str, str] = json.loads(process.stdout.readline())
    return line


def test_one_line_of_json_says_where_it_answers(tmp_path: Path, fake_url: str) -> None:
    with serving(tmp_path / "data", "--json", "--comfyui", fake_url) as server:
        told = first_line(server)
        assert sorted(told) == ["admin_token", "url"]
        assert httpx2.get(f"{told['url']}/healthz", trust_env=False).json() == {"status": "ok"}
        answer = httpx2.get(f"{told['url']}/api/keys", headers={"authorization": f"Bearer {told['admin_token']}"}, trust_env=False)
        assert answer.json() == []
        server.send_signal(signal.SIGTERM)
        rest, _ = server.communicate(timeout=30)
        assert (server.returncode, rest) == (0, "")


def test_the_admin_token_is_told_once_and_then_only_known_as_a_hash(tmp_path: Path, fake_url: str) -> None:
    tokens = []
    for wanted in (None, None, "a-token-of-my-own-choice"):
        settings = {"admin_token": wanted} if wanted else {}
        with serving(tmp_path / "data", "--json", "--comfyui", fake_url, **settings) as server:
            tokens.append(first_line(server)["admin_token"])
            server.send_signal(signal.SIGINT)
            assert server.wait(30) == 0
    assert tokens[0].startswith("vca_")
    assert tokens[1:] == [None, "a-token-of-my-own-choice"]
    assert all(tokens[0].encode() not in path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())


def test_a_lost_admin_token_is_replaced_in_the_data_folder(tmp_path: Path, fake_url: str, typed: Callable[..., Typed]) -> None:
    data = tmp_path / "data"
    with serving(data, "--json", "--comfyui", fake_url) as server:
        first_line(server)
        server.send_signal(signal.SIGTERM)
        server.wait(30)
    fresh = typed("keys", "reset-admin-token", "--data-dir", data, "--json").json["admin_token"]
    with serving(data, "--json", "--comfyui", fake_url) as server:
        told = first_line(server)
        assert typed("keys", "list", "--server", told["url"], "--admin-token", fresh, "--json").json == []
    assert typed("keys", "reset-admin-token", "--data-dir", tmp_path / "nothing").code == 4


def test_the_start_is_shown_to_people(tmp_path: Path, fake_url: str) -> None:
    with serving(tmp_path / "data", "--comfyui", fake_url) as server:
        shown = "".join(_panel(server))
        for part in ("is serving", "http://127.0.0.1:", fake_url, "vca_", "not shown again"):
            assert part in shown


def _panel(server: subprocess.Popen[str]) -> Iterator[str]:
    assert server.stdout
    for line in server.stdout:
        yield line
        if line.startswith("╰"):
            return


def test_a_token_of_ones_own_is_not_repeated_to_people(tmp_path: Path, fake_url: str) -> None:
    with serving(tmp_path / "data", "--comfyui", fake_url, admin_token="a-token-of-my-own-choice") as server:
        assert "a-token-of-my-own-choice" not in "".join(_panel(server))


def test_without_a_comfyui_it_starts_and_says_what_to_do(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        if "viewcomfy comfyui install" not in (shown := " ".join("".join(_panel(server)).replace("│", " ").split())):
            assert "the one that runs at http://127.0.0.1:8188" in shown  # one does run on this machine


def test_a_port_that_is_taken_is_named(tmp_path: Path, fake_url: str, typed: Callable[..., Typed]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = typed("serve", "--port", port, "--data-dir", tmp_path / "data", "--comfyui", fake_url, "--json")
    assert (told.code, told.error["code"]) == (7, "port_taken")
    assert str(port) in told.error["detail"]
    assert "--port 0" in told.error["hint"]
    assert not (tmp_path / "data" / "viewcomfy.db").exists()


def test_a_data_folder_that_is_in_use_is_named(server: Product, typed: Callable[..., Typed]) -> None:
    told = typed("serve", "--port", "0", "--data-dir", server.data_dir, "--json")
    assert (told.code, told.error["code"]) == (2, "conflict")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--port", "70000"], 2),
        (["--backends", "-1"], 2),
        (["--host", "no.such.host.invalid"], 2),
        (["--log-level", "loud"], 2),
        (["--comfyui", "/nowhere"], 7),
    ],
)
def test_a_setting_that_cannot_be_is_a_sentence(typed: Callable[..., Typed], tmp_path: Path, words: list[str], code: int) -> None:
    told = typed("serve", "--port", "0", "--data-dir", tmp_path / "data", *words)
    assert told.code == code
    assert told.err.startswith("Error: ")


def test_a_variable_that_cannot_be_is_named(typed: Callable[..., Typed], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIEWCOMFY_PORT", "http")
    assert "VIEWCOMFY_PORT" in typed("serve").err


def test_told_to_stop_it_lets_a_job_end_and_its_caller_have_the_answer(tmp_path: Path, fake_url: str) -> None:
    with Product(tmp_path / "data", fake_url, shutdown_grace=30) as server:
        name = server.deploy(WAITING)
        with server.live(name, {"1-inputs-seed": 1}) as (_, events):
            next(data for kind, data in events if kind == "log_message")
            server.process.send_signal(signal.SIGTERM)
            assert list(events)[-1][0] == "prompt_result"
        assert server.process.wait(30) == 0


def test_told_twice_it_stops_at_once_and_the_job_waits_for_the_next_start(tmp_path: Path, fake_url: str) -> None:
    with Product(tmp_path / "data", fake_url, shutdown_grace=60) as server:
        prompt_id = server.run(server.deploy(WAITING_LONG), {"1-inputs-seed": 1})
        server.once(prompt_id, "running")
        server.process.send_signal(signal.SIGINT)
        until(lambda: "Once more stops at once" in server.log(), "the first signal was heard")
        stopping = time.monotonic()
        assert server.stop(signal.SIGINT) == 0
        assert time.monotonic() - stopping < 15
        server.start()
        server.once(prompt_id, "running")
        server.http.post(f"/api/jobs/{prompt_id}/cancel")
        server.ended(prompt_id)
