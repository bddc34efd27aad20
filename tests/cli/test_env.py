"""`viewcomfy env`, as far as it goes without making an environment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typed import Typed
from tests.e2e.product import ADMIN_TOKEN, Product
from tests.e2e.workflows import colour
from tests.environments.kit import DOCUMENT, make_environment, make_installation, other
from viewcomfy.comfy.current import environments_folder
from viewcomfy.core.deployments import Deployment
from viewcomfy.environments.toml import read_toml, write_toml
from viewcomfy.store.store import Store

Type = Callable[..., Typed]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a ComfyUI in it."""
    make_installation(tmp_path / "data" / "comfyui")
    return tmp_path / "data"


@pytest.fixture
def env(typed: Type, data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Type:
    """Type `viewcomfy env …` about that folder, as somebody who has no other ComfyUI."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return lambda *words: typed("env", *words, "--data-dir", data)


def deploy(data: Path, name: str, workflow: Mapping[str, Any], environment: str = "") -> None:
    async def add() -> None:
        store = await Store.open(data / "viewcomfy.db")
        draft = Deployment(name=name, version=0, workflow=workflow, created_at=1.0)
        await store.deployments.add_version(replace(draft, environment=environment))
        await store.close()

    asyncio.run(add())


def test_freeze_writes_the_document_and_nothing_else_to_stdout(env: Type, data: Path) -> None:
    told = env("freeze")
    assert told.code == 0
    document = read_toml(told.out)
    assert document.torch.build == "cpu"
    assert str(data) not in told.out
    assert env("diff", "current", "current", "--json").json["differences"] == []


def test_freeze_names_what_it_can_not_take_along_or_leaves_it_out(env: Type, data: Path, tmp_path: Path) -> None:
    (data / "comfyui/base/custom_nodes/mine.py").touch()
    told = env("freeze")
    assert (told.code, told.out) == (2, "")
    assert "mine.py" in told.err
    assert env("freeze", "--allow-unknown", "-o", tmp_path / "e.toml").out == ""
    assert "# Left out: the pack mine.py" in (tmp_path / "e.toml").read_text()


def test_a_comfyui_that_is_only_known_by_its_url_can_not_be_frozen(env: Type) -> None:
    told = env("freeze", "--comfyui", "http://127.0.0.1:9")
    assert told.code == 2
    assert "--comfyui DIR" in told.err


def test_the_list_says_which_is_used_and_which_is_not_what_it_was(env: Type, data: Path) -> None:
    assert env("list", "--json").json == []
    one, two = make_environment(data), make_environment(data, other())
    assert env("use", one, "--force").code == env("use", two, "--force").code == 0
    (environments_folder(data) / one / "base/custom_nodes/new.py").touch()
    found = {entry["id"]: (entry["use"], entry["changed"]) for entry in env("list", "--json").json}
    assert found == {one: ("before", True), two: ("current", False)}
    assert "changed since" in env("list").out


def test_diff_compares_files_ids_and_what_is_in_use(env: Type, data: Path, tmp_path: Path) -> None:
    one = make_environment(data)
    (tmp_path / "other.toml").write_text(write_toml(other()))
    [difference] = env("diff", one, tmp_path / "other.toml", "--json").json["differences"]
    assert difference == {"what": "added", "kind": "package", "name": "einops", "before": "", "after": "0.8.2"}
    shown = env("diff", one)
    assert "ComfyUI-Foo" in shown.out
    assert "no difference" in env("diff", one, one).err


def test_a_file_that_is_no_environment_and_an_id_that_nobody_knows_are_told(env: Type, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("a = 1")
    assert env("apply", tmp_path / "x.toml").code == 2
    assert env("apply", tmp_path / "none.toml").code in (2, 4)
    assert env("use", "env-0123456789ab", "--force").code == 4
    unknown = env("diff", "env-0123456789ab", "--server", "http://127.0.0.1:9")
    assert unknown.code == 4
    assert "no environment env-0123456789ab here" in unknown.err


def test_to_and_fro(env: Type, data: Path) -> None:
    one = make_environment(data)
    assert env("back").code == 2
    assert env("use", one, "--force", "--json").json == {"id": one, "before": None}
    assert "in use already" in env("use", one, "--force").err
    assert env("back", "--json").json == {"id": None, "before": one}
    assert env("use", "none", "--json").json == {"id": None, "before": None}


def test_one_that_a_deployment_carries_is_not_removed(env: Type, data: Path) -> None:
    one = make_environment(data)
    deploy(data, "poster", colour(), one)
    told = env("remove", one)
    assert told.code == 2
    assert "poster" in told.err
    assert env("remove", one, "--force", "--json").json == {"removed": one}
    assert env("list", "--json").json == []


def test_an_id_that_is_not_here_is_asked_of_the_server(env: Type, server: Product, tmp_path: Path) -> None:
    with server.client() as client:
        kept = client.add_environment(write_toml(other()))
    (tmp_path / "one.toml").write_text(write_toml(DOCUMENT))
    told = env("diff", tmp_path / "one.toml", kept, "--server", server.url, "--admin-token", ADMIN_TOKEN, "--json")
    assert [each["name"] for each in told.json["differences"]] == ["einops"]
