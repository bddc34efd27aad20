"""`viewcomfy models`, and the models of `viewcomfy deploy`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.typed import Typed
from tests.e2e.product import Product
from tests.fixtures.broken_files import BrokenFiles, broken_files
from tests.models.conftest import safetensors
from tests.server.site_kit import PICTURE
from viewcomfy.comfy.installation import RECORD

Type = Callable[..., Typed]
DATA = safetensors(50_000)
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def site() -> Iterator[BrokenFiles]:
    with broken_files() as served:
        yield served


@pytest.fixture
def here(typed: Type, tmp_path: Path) -> Type:
    """Type a command line where a ComfyUI is installed that has no model yet."""
    folder = tmp_path / "comfyui"
    for place in ("venv/bin/python", "ComfyUI/main.py"):
        (folder / place).parent.mkdir(parents=True)
        (folder / place).touch()
    record = {"version": "0.3.75", "source": "a test", "licence": "GPL-3.0", "complete": True, "use_cpu": True}
    (folder / RECORD).write_text(json.dumps(record))
    return lambda *words: typed("models", *words, "--comfyui", folder)


def test_a_model_is_added_listed_checked_and_removed(here: Type, site: BrokenFiles) -> None:
    url = site.put("/tiny.safetensors", DATA)
    told = here("add", f"{url}?token=secretsecret", "--to", "checkpoints", "--sha256", SHA)
    assert told.code == 0, told.err
    assert "checkpoints/tiny.safetensors is there: 50.1 kB" in told.err
    assert SHA in told.out
    again = here("add", url, "--to", "checkpoints", "--sha256", SHA.upper(), "--json")
    assert (again.json["was_there"], again.json["url"]) == (True, url)
    listed = here("list")
    assert ("checkpoints/tiny.safetensors" in listed.out, "127.0.0.1" in listed.out) == (True, True)
    [row] = here("list", "checkpoints", "--json").json
    assert (row["sha256"], row["fetched"], row["cached"], row["used_at"]) == (SHA, True, False, None)
    assert here("list", "loras").err.strip() == "There are no models in loras."
    checked = here("check")
    assert (checked.code, "checkpoints/tiny.safetensors: as it came" in checked.out) == (0, True)
    Path(row["path"]).write_bytes(DATA[:-4])
    broken = here("check", "--quick", "--json")
    assert (broken.code, broken.json[0]["state"]) == (1, "broken")
    assert here("remove", "checkpoints/tiny.safetensors").code == 2
    assert here("remove", "checkpoints/tiny.safetensors", "--force").code == 0
    assert here("remove", "checkpoints/tiny.safetensors", "--json").error["code"] == "unknown_file"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["add", "ftp://host/x.safetensors", "--to", "loras"], 2, "URL"),
        (["add", "https://host.invalid/x.ckpt", "--to", "loras", "--name", "x.ckpt"], 2, "--allow-pickle"),
        (["add", "https://host.invalid/x.safetensors", "--to", "lora"], 2, "Did you mean 'loras'?"),
        (["add", "https://host.invalid/x", "--to", "loras", "--sha256", "12"], 2, "64 hexadecimal digits"),
        (["remove", "x.safetensors"], 2, "checkpoints/base.safetensors"),
    ],
)
def test_what_cannot_be_done_is_told(here: Type, words: list[str], code: int, says: str) -> None:
    told = here(*words)
    assert (told.code, says in told.err) == (code, True), told.err


def test_a_token_of_the_environment_is_used_and_never_told(here: Type, site: BrokenFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    url = site.put("/tiny.safetensors", DATA, token="sesame")
    told = here("add", url, "--to", "loras")
    assert "VIEWCOMFY_MODEL_TOKENS" in told.err
    monkeypatch.setenv("VIEWCOMFY_MODEL_TOKENS", f"{site.url.removeprefix('http://')}=sesame")
    told = here("add", url, "--to", "loras", "--json")
    assert told.code == 0
    assert "sesame" not in told.out + told.err


def test_the_models_folder_of_a_comfyui_that_only_answers_at_a_url_is_not_known(typed: Type, fake_url: str) -> None:
    told = typed("models", "list", "--comfyui", fake_url, "--json")
    assert (told.code, told.error["code"]) == (2, "not_managed")
    assert "--comfyui DIR" in told.error["hint"]


# --- deploy -----------------------------------------------------------------------------------------------------------
def test_a_deployment_keeps_the_models_that_were_named_without_what_is_secret(as_admin: Type, server: Product, tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text(json.dumps(PICTURE))
    (tmp_path / "models.json").write_text(json.dumps([{"folder": "vae", "file": "v.safetensors", "url": "https://h.example/v"}]))
    url = f"https://h.example/m.safetensors?token=secret123#sha256={SHA}"
    told = as_admin("deploy", "modelled", "w.json", "--model", f"loras/xl/m.safetensors={url}", "--models", "models.json", "--json")
    assert told.code == 0, told.err
    models = server.admin.get("/api/deployments/modelled").json()["models"]
    assert models == [
        {"folder": "loras", "file": "xl/m.safetensors", "url": "https://h.example/m.safetensors", "sha256": SHA},
        {"folder": "vae", "file": "v.safetensors", "url": "https://h.example/v", "sha256": ""},
    ]
    assert as_admin("deploy", "modelled", "w.json", "--json").json["models"] == models


@pytest.mark.parametrize(
    "words",
    [
        ["--model", "m.safetensors=https://h.example/m"],
        ["--model", "loras/m.safetensors"],
        ["--model", "loras/m.safetensors=https://h.example/m#md5=1"],
        ["--model", "loras/../../m.safetensors=https://h.example/m"],
        ["--models", "w.json"],
        ["--fetch"],
    ],
)
def test_models_that_are_not_understood_are_refused(as_admin: Type, tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "w.json").write_text(json.dumps(PICTURE))
    told = as_admin("deploy", "not-modelled", "w.json", *words, "--json")
    assert (told.code, told.error["code"]) == (2, "bad_input"), told.err


def test_models_that_could_not_be_fetched_are_named_and_nothing_is_deployed(as_admin: Type, tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text(json.dumps(PICTURE))
    words = ("--model", "loras/m.safetensors=https://h.example/m.safetensors", "--fetch", "--json")
    told = as_admin("deploy", "not-fetched", "w.json", *words)
    assert (told.code, told.error["code"]) == (2, "fetch_failed")
    assert "loras/m.safetensors" in told.error["detail"]
    assert as_admin("deployments", "show", "not-fetched").code == 4
