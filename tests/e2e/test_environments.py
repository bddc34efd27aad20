"""Environments on a real ComfyUI: frozen, made again in another folder, and the same picture comes out of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.e2e.pictures import pixels
from tests.e2e.product import COMMAND, PATIENCE, Product, environment, until
from tests.e2e.workflows import colour, node, text_to_image
from viewcomfy.comfy.installation import Installation

pytestmark = pytest.mark.e2e


def env(data: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "env", *map(str, words), "--data-dir", str(data)]
    return subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=PATIENCE * 2, check=False, cwd=data)


def told(data: Path, *words: object) -> Any:
    answer = env(data, *words, "--json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def linked(installation: Installation, folder: Path) -> Path:
    """Make an installation of links to another one, with packs and records of its own."""
    folder.mkdir(parents=True)
    original = installation.base.parent
    for name in ("venv", "ComfyUI"):
        (folder / name).symlink_to(original / name)
    shutil.copyfile(original / "install.json", folder / "install.json")
    for name in ("custom_nodes", "input"):
        (folder / "base" / name).mkdir(parents=True)
    (folder / "base" / "models").symlink_to(installation.models)
    return folder


def picture(product: Product, name: str) -> bytes:
    """Return the pixels that a deployment makes of a seed; the file around them names the job."""
    return pixels(product.result(name, {"7-inputs-seed": 7}))


def runs_from(product: Product, folder: Path) -> bool:
    """Tell whether the ComfyUI that runs now is the one in a folder."""
    try:
        argv = product.comfyui("/system_stats")["system"]["argv"]
    except (httpx2.TransportError, ValueError):  # one is being replaced by another
        return False
    return str(folder / "ComfyUI" / "main.py") in argv


@pytest.mark.timeout(400)
def test_a_frozen_comfyui_is_made_again_elsewhere_and_makes_the_same_picture(installation: Installation, tmp_path: Path) -> None:
    data = tmp_path / "data"
    original = linked(installation, data / "comfyui")
    with Product(data, "", idle_timeout=0) as product:
        product.put("fox", text_to_image(steps=2), force=True)
        before = picture(product, "fox")
        assert runs_from(product, original)

        # --- freeze: to stdout, with nothing of this machine in it
        frozen = env(data, "freeze")
        assert frozen.returncode == 0, frozen.stderr
        assert str(tmp_path) not in frozen.stdout
        assert str(installation.base.parent) not in frozen.stdout
        document = tmp_path / "environment.toml"
        document.write_text(frozen.stdout)

        # --- apply: in a new folder, with every deployment looked at
        made = told(data, "apply", document, "--no-switch")
        identity, folder = made["id"], Path(made["folder"])
        assert f"# id: {identity}" in frozen.stdout
        assert folder == data / "environments" / identity
        assert made["checked_deployments"] == 1
        assert made["missing_models"] == made["failed_packs"] == []
        assert (folder / "base" / "models").resolve() == installation.models.resolve()
        assert told(data, "diff", document, identity)["differences"] == []

        # --- a deployment that could not run in it is named, and nothing is switched
        product.put("broken", {**colour(), "2": node("NobodyHasThis", "Odd")}, force=True)
        refused = env(data, "apply", document)  # at once: it is there
        assert refused.returncode == 2
        assert "broken: " in refused.stderr
        assert "NobodyHasThis" in refused.stderr
        assert picture(product, "fox") == before
        assert runs_from(product, original)
        product.admin.delete("/api/deployments/broken")

        # --- switch: the server that runs changes over, and the picture is the same
        assert told(data, "use", identity) == {"id": identity, "before": None}
        pictures = [before]

        def is_used() -> bool:
            pictures.append(picture(product, "fox"))  # a job on the way over is not lost
            return runs_from(product, folder)

        until(is_used, "the environment is in use")
        assert picture(product, "fox") == before
        assert set(pictures) == {before}

    # --- back, and away
    assert told(data, "back") == {"id": None, "before": identity}
    (original / "base" / "custom_nodes" / "by_hand.py").write_text("NODE_CLASS_MAPPINGS = {}\n")
    refused = env(data, "freeze")
    assert refused.returncode == 2
    assert "by_hand.py" in refused.stderr
    [listed] = told(data, "list")
    assert (listed["id"], listed["use"], listed["changed"]) == (identity, "before", False)
    assert told(data, "remove", identity) == {"removed": identity}
    assert not folder.exists()
    assert list(installation.models.glob("checkpoints/*"))
