"""The samples and what the demo says."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from viewcomfy.cli.demo import serve_command, shorter, url_again
from viewcomfy.cli.demo_tour import DemoKey, curl_lines
from viewcomfy.cli.samples import SAMPLES, TEXT_TO_IMAGE, sample_workflow
from viewcomfy.cli.samples.photo import photo
from viewcomfy.comfy.tiny_models import TINY_MODELS
from viewcomfy.core.workflows import model_files, node_title, seed_inputs
from viewcomfy.settings import Settings


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_a_workflow_whose_nodes_have_titles_for_people(name: str) -> None:
    workflow = sample_workflow(name)
    assert all(node_title(node) != node["class_type"] for node in workflow.values())


def test_the_samples_need_only_the_tiny_models() -> None:
    named = {name for sample in SAMPLES for name in model_files(sample_workflow(sample))}
    assert named <= {Path(place).name for place in TINY_MODELS}
    assert seed_inputs(sample_workflow(TEXT_TO_IMAGE)) == [("3", "seed")]


def test_the_photo_is_always_the_same() -> None:
    picture = Image.open(io.BytesIO(photo()))
    assert (picture.format, picture.size) == ("JPEG", (960, 640))
    assert photo() == photo()


def test_the_command_that_serves_again_names_only_what_differs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [str(tmp_path / ".venv/bin/viewcomfy"), "demo"])
    assert serve_command(Settings(), None) == ".venv/bin/viewcomfy serve"
    settings = Settings(data_dir=Path("my data"), port=9000)
    assert serve_command(settings, Path("/opt/comfy")) == ".venv/bin/viewcomfy serve --data-dir 'my data' --port 9000 --comfyui /opt/comfy"
    assert shorter("/usr/bin/viewcomfy") == "/usr/bin/viewcomfy"


def test_the_url_to_call_again_is_the_public_one_where_there_is_one() -> None:
    assert url_again(Settings(host="0.0.0.0", port=9000)) == "http://127.0.0.1:9000"
    assert url_again(Settings(public_url="https://pictures.example/")) == "https://pictures.example"


def test_the_call_to_paste_fits_a_terminal() -> None:
    lines = curl_lines("http://127.0.0.1:8000", DemoKey("vc_" + "0" * 16, "vcs_" + "x" * 43))
    assert max(map(len, lines)) <= 80
    assert all(line.endswith(" \\") for line in lines[:-1])
