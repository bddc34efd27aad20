"""The generated Python client: correct whatever the inputs are called, formatted, typed, and it runs deployments."""

from __future__ import annotations

import ast
import asyncio
import importlib.util
import os
import subprocess
import sys
import uuid
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings

from tests.e2e.pictures import encoded, sample_photo
from tests.e2e.product import Product
from tests.e2e.workflows import colour, echo_photo, sleeping
from tests.wire.inputs_kit import POSTER, any_inputs, declared, deployment_names, nasty_inputs, texts
from viewcomfy import AsyncClient, InvalidParams, StillRunning, UnknownVersion
from viewcomfy.cli.generate import generate_python
from viewcomfy.cli.generate.names import argument_names, class_name
from viewcomfy.core.inputs import InputKind
from viewcomfy.wire.inputs import InputOut

ROOT = Path(__file__).parents[2]
URL = "http://127.0.0.1:8000"

USE = """
from pathlib import Path

import viewcomfy
from my_poster import AsyncMyPoster, MyPoster


def use(client: viewcomfy.Client) -> list[Path]:
    job: viewcomfy.JobHandle = MyPoster(client).run(image=Path("x.png"), prompt="a cat", sampler="euler", cfg=3)
    print(job.prompt_id)
    return MyPoster(client, version=3).infer(image=b"bytes", clip=("x.mp4", b"bytes"), voice="https://x.example/a.wav", timeout=3).save()


async def use_async(client: viewcomfy.AsyncClient) -> viewcomfy.AsyncResult:
    return await AsyncMyPoster(client).infer(image="data:image/png;base64,", steps=3, upscale=None)
"""
MISUSE = """
from pathlib import Path

import viewcomfy
from my_poster import MyPoster


def misuse(client: viewcomfy.Client) -> None:
    MyPoster(client).run(image=3)
    MyPoster(client).run(prompt="a cat")
    MyPoster(client).run(image=Path("x"), sampler="eular")
    MyPoster(client).run(image=Path("x"), promt="a cat")
    MyPoster(client).run(image=Path("x"), steps="many")
    MyPoster(client, version="3")
"""


def module_of(code: str, folder: Path) -> ModuleType:
    """Import generated code."""
    path = folder / "generated_client.py"
    path.write_text(code, "utf-8")
    spec = importlib.util.spec_from_file_location("generated_client", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def signature(code: str) -> dict[str, str]:
    """Return the arguments of `run` with their annotations."""
    found = next(node for node in ast.parse(code).body if isinstance(node, ast.ClassDef))
    [run] = [node for node in found.body if isinstance(node, ast.FunctionDef) and node.name == "run"]
    return {argument.arg: ast.unparse(argument.annotation) for argument in run.args.kwonlyargs if argument.annotation}


def test_each_input_is_an_argument_with_its_type() -> None:
    code = generate_python("poster", URL, 3, POSTER)
    assert signature(code) == {
        "prompt": "str | None", "image": "FileInput", "seed": "int | None", "steps": "int | None", "cfg": "float | None",
        "sampler": "PosterSampler | None", "model": "str | None", "upscale": "bool | None", "clip": "FileInput | None",
        "voice": "FileInput | None", "mesh": "FileInput | None", "anything": "object | None", "prompt_id": "str | None",
    }  # fmt: skip
    assert "steps: From 1 to 150. Default: 20." in code
    assert "hidden" not in code
    assert "locked" not in code


def test_its_head_says_where_it_comes_from_and_how_to_make_it_again() -> None:
    doc = " ".join((ast.get_docstring(ast.parse(generate_python("poster", URL, 3, POSTER, "Paints"))) or "").split())
    assert "Paints." in doc
    assert f"Made from version 3 of the deployment at {URL} by `viewcomfy client poster`." in doc


@given(deployment_names, any_inputs, texts)
@settings(max_examples=150, deadline=None)
def test_whatever_people_write_it_is_python(name: str, inputs: list[InputOut], description: str) -> None:
    code = generate_python(name, URL, 1, inputs, description)
    compile(code, "generated", "exec")
    assert len(signature(code)) == len(inputs) + 1


@given(any_inputs)
@settings(max_examples=30, deadline=None)
def test_the_same_inputs_give_the_same_text(inputs: list[InputOut]) -> None:
    assert generate_python("poster", URL, 1, inputs) == generate_python("poster", URL, 1, [one.model_copy() for one in inputs])


def test_names_that_are_no_identifiers_become_different_ones() -> None:
    names = argument_names(["a b", "a_b", "class", "self", "3d", "_", "ﬁ", "fi", "提示"], ("self",))
    assert names == {
        "a b": "a_b_2", "a_b": "a_b", "class": "class_", "self": "self_2", "3d": "input_3d", "_": "input",
        "ﬁ": "fi_2", "fi": "fi", "提示": "提示",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "cls"), [("my-poster.v2", "MyPosterV2"), ("3d", "Deployment3d"), ("path", "PathDeployment"), ("none", "DeploymentNone")]
)
def test_every_deployment_has_a_class(name: str, cls: str) -> None:
    assert f"\nclass {cls}:\n" in generate_python(name, URL, 1, POSTER)


@pytest.mark.parametrize("inputs", [[], POSTER, POSTER[:1], nasty_inputs()], ids=["none", "all", "text", "nasty"])
def test_it_is_formatted_and_lint_finds_nothing(inputs: list[InputOut], tmp_path: Path) -> None:
    path = tmp_path / "client.py"
    path.write_text(generate_python("poster", URL, 3, inputs, "Paints"), "utf-8")
    for words in (["format", "--diff"], ["check", "--select", "E4,E7,E9,F,I,B,UP"]):
        told = subprocess.run(
            [sys.executable, "-m", "ruff", words[0], "--isolated", "--no-cache", *words[1:], str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stdout + told.stderr


def test_type_checkers_take_it_and_find_what_is_wrong_in_calls(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    (tmp_path / "my_poster.py").write_text(generate_python("my-poster", URL, 3, POSTER), "utf-8")
    (tmp_path / "nasty.py").write_text(generate_python("nasty", URL, 3, nasty_inputs()), "utf-8")
    (tmp_path / "empty.py").write_text(generate_python("empty", URL, 3, []), "utf-8")
    (tmp_path / "use.py").write_text(USE)
    (tmp_path / "misuse.py").write_text(MISUSE)
    cache = pytestconfig.cache.mkdir("mypy") if pytestconfig.cache else tmp_path / "cache"
    told = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "--cache-dir", str(cache), "--no-error-summary", "."],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    errors = [line for line in told.stdout.splitlines() if ": error: " in line]
    assert [line.partition(": error: ")[0] for line in errors] == [f"misuse.py:{line}" for line in range(9, 15)], told.stdout + told.stderr


# --- used against a server --------------------------------------------------------------------------------------------
def keyed(key: str, kind: InputKind, **facts: Any) -> InputOut:
    """Return an input whose name is its param key, which every server takes."""
    return declared(key, kind, **{"key": key, **facts})


def test_it_runs_a_deployment_and_saves_what_it_made(server: Product, tmp_path: Path) -> None:
    name = server.deploy(colour())
    inputs = [keyed("1-inputs-color", InputKind.INTEGER, minimum=0), keyed("1-inputs-width", InputKind.INTEGER)]
    module = module_of(generate_python(name, server.url, 1, inputs), tmp_path)
    prompt_id = str(uuid.uuid4())
    with server.client() as client:
        poster = getattr(module, class_name(name, ()))(client)
        job = poster.run(input_1_inputs_color=255, prompt_id=prompt_id)
        assert job.prompt_id == poster.run(input_1_inputs_color=255, prompt_id=prompt_id).prompt_id == prompt_id
        result = poster.infer(input_1_inputs_color=0xFF0000, input_1_inputs_width=48)
        assert [result.prompt["1"]["inputs"][key] for key in ("color", "width", "height")] == [0xFF0000, 48, 32]
        assert [path.stat().st_size for path in result.save(tmp_path / "out")] == [result.outputs[0].size]


def test_a_version_can_be_pinned(server: Product, tmp_path: Path) -> None:
    name = server.deploy(colour())
    server.admin.put(f"/api/deployments/{name}", json={"workflow_api": colour()}).raise_for_status()
    inputs = [keyed("1-inputs-color", InputKind.INTEGER)]
    module = module_of(generate_python(name, server.url, 1, inputs), tmp_path)
    cls = getattr(module, class_name(name, ()))
    with server.client() as client:
        jobs = [cls(client, version=version).run(input_1_inputs_color=5) for version in (None, 1, 2)]
        assert [job.detail().version for job in jobs] == [2, 1, 2]
        with pytest.raises(UnknownVersion):
            cls(client, version=9).run()


def test_a_file_goes_from_disk_to_the_workflow(server: Product, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(encoded(sample_photo()))
    name = server.deploy(echo_photo())
    module = module_of(generate_python(name, server.url, 1, [keyed("1-inputs-image", InputKind.IMAGE, required=True)]), tmp_path)
    with server.client() as client:
        poster = getattr(module, class_name(name, ()))(client)
        for image in (photo, photo.read_bytes(), ("other.png", photo.read_bytes())):
            assert len(poster.infer(input_1_inputs_image=image).outputs) == 2


def test_the_async_class_does_the_same(server: Product, tmp_path: Path) -> None:
    name = server.deploy(sleeping(2, steps=1))
    inputs = [keyed("1-inputs-seed", InputKind.SEED), keyed("1-inputs-seconds", InputKind.NUMBER)]
    module = module_of(generate_python(name, server.url, 1, inputs), tmp_path)

    async def use() -> None:
        client_id, client_secret = server.key
        async with AsyncClient(server.url, client_id=client_id, client_secret=client_secret) as client:
            poster = getattr(module, f"Async{class_name(name, ())}")(client)
            assert len((await poster.infer(input_1_inputs_seed=5, input_1_inputs_seconds=0)).outputs) == 1
            with pytest.raises(StillRunning):
                await poster.infer(input_1_inputs_seed=6, timeout=0.1)
            with pytest.raises(InvalidParams):
                await poster.run(input_1_inputs_seconds="long")

    asyncio.run(use())
