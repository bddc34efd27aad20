"""The SDK, the published interface and the commands, against the real thing."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.comfy_jobs import sampling
from tests.e2e.pictures import decoded, encoded, opened, sample_photo
from tests.e2e.product import PATIENCE, Product
from tests.e2e.workflows import colour, echo_photo, failing, sleeping
from viewcomfy import AsyncClient, compat
from viewcomfy.core.errors import InvalidParams, InvalidUpload, KeyNotAllowed, StillRunning, TimedOut, UnknownDeployment, WorkflowFailed
from viewcomfy.core.events import EventKind
from viewcomfy.core.jobs import JobStatus

pytestmark = pytest.mark.e2e


def test_the_sdk_runs_watches_and_saves(product: Product, tmp_path: Path) -> None:
    with product.client() as client:
        assert client.deploy("sdk-fox", sampling(1)).url == f"{product.url}/d/sdk-fox/infer"
        assert client.params("sdk-fox")["4-inputs-seed"] == 1
        lines: list[str] = []
        kinds = set()
        result = client.infer_with_logs(
            "sdk-fox", {"4-inputs-seed": 91}, on_log=lines.append, on_event=lambda event: kinds.add(event.kind), timeout=PATIENCE
        )
        [path] = result.save(tmp_path / "new folder")
    assert any("8/8" in line for line in lines)
    assert kinds == set(EventKind), "status, log, progress, preview and output"
    assert result.prompt["4"]["inputs"]["seed"] == 91
    assert opened(path.read_bytes()).size == (256, 256)


def test_the_sdk_sends_files_of_every_kind(product: Product, tmp_path: Path) -> None:
    name, photo = product.deploy(echo_photo()), encoded(sample_photo())
    path = tmp_path / "photo.png"
    path.write_bytes(photo)
    with product.client() as client, path.open("rb") as file:
        for value in (path, photo, io.BytesIO(photo), file):
            result = client.infer(name, {"1-inputs-image": value}, timeout=PATIENCE)
            [picture] = [output for output in result.outputs if output.filename.startswith("picture")]
            assert opened(picture.read()).tobytes() == opened(photo).tobytes()


def test_the_sdk_raises_what_went_wrong(product: Product) -> None:
    with product.client() as client:
        with pytest.raises(WorkflowFailed, match="TKFail: asked to fail") as failed:
            client.infer(product.deploy(failing("raise")), {"1-inputs-color": 91})
        assert failed.value.details["node_id"] == "2"
        with pytest.raises(TimedOut):
            client.infer(product.deploy(sleeping(60, steps=600), time_limit=0.5), {"1-inputs-seed": 92})
        with pytest.raises(InvalidParams, match="Did you mean '1-inputs-color'"):
            client.infer(product.deploy(colour()), {"1-inputs-colour": 1})
        with pytest.raises(UnknownDeployment):
            client.infer("absent", {"a": 1})
        slow = product.deploy(sleeping(60, steps=600))
        with pytest.raises(StillRunning) as still:
            client.infer(slow, {"1-inputs-seed": 93}, timeout=0.5)
        handle = client.job(still.value.details["prompt_id"])
        assert handle.cancel() is JobStatus.CANCELED
        limited = client.create_key("limited", deployments=[slow])
        with product.client() as other:
            other_name = product.deploy(colour())
            answer = product.http.post(
                f"/d/{other_name}/infer",
                data={"params": "{}"},
                headers={"client_id": limited.client_id, "client_secret": limited.client_secret},
            )
            assert answer.json()["code"] == KeyNotAllowed.code
            assert other.revoke_key(limited.client_id).revoked_at


def test_the_async_sdk_runs_many_at_once(product: Product) -> None:
    name = product.deploy(colour(side=8))

    async def main() -> list[bytes]:
        client_id, client_secret = product.key
        async with AsyncClient(product.url, client_id=client_id, client_secret=client_secret) as client:
            results = await asyncio.gather(*(client.infer(name, {"1-inputs-color": color}, timeout=PATIENCE) for color in range(16)))
            return [await result.outputs[0].read() for result in results]

    assert [opened(data).getpixel((0, 0)) for data in asyncio.run(main())] == [(0, 0, color) for color in range(16)]


def test_a_script_for_the_hosted_api_runs_as_it_is(product: Product, tmp_path: Path) -> None:
    client_id, client_secret = product.key
    (tmp_path / "photo.png").write_bytes(encoded(sample_photo()))
    url = f"{product.url}/d/{product.deploy(echo_photo())}/infer"
    lines: list[str] = []

    async def main(infer: Callable[..., Any], **more: Any) -> Any:
        with (tmp_path / "photo.png").open("rb") as photo:
            return await infer(api_url=url, params={"1-inputs-image": photo}, client_id=client_id, client_secret=client_secret, **more)

    for result in (asyncio.run(main(compat.infer)), asyncio.run(main(compat.infer_with_logs, logging_callback=lines.append))):
        assert (result.status, result.completed) == ("success", True)
        assert opened(decoded(vars(result.outputs[0]))).size == (256, 256)
    assert "log_message: got prompt" in lines


def cli(product: Product, *arguments: str, cwd: Path) -> tuple[int, str]:
    """Return the exit code and the standard output of a command, what it said on the other one where there is none."""
    ended = product.command(*arguments, cwd=cwd)
    return ended.returncode, ended.stdout or ended.stderr


def test_the_commands_deploy_run_and_show(product: Product, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(encoded(sample_photo()))
    (tmp_path / "workflow_api.json").write_text(json.dumps(echo_photo()))
    code, said = cli(product, "params", "workflow_api.json", cwd=tmp_path)
    assert code == 0, said
    assert json.loads((tmp_path / "workflow_api_parameters.json").read_text())["1-inputs-image"] == "photo.png"
    code, said = cli(product, "deploy", "from-the-shell", "workflow_api.json", "--json", cwd=tmp_path)
    deployed = {"name": "from-the-shell", "version": 1, "url": f"{product.url}/d/from-the-shell/infer"}
    assert json.loads(said) | deployed == json.loads(said)
    assert json.loads(said)["report"]["can_run_on"] == ["comfyui-0"]
    code, said = cli(product, "keys", "create", "--name", "shell", "--deployment", "from-the-shell", "--json", cwd=tmp_path)
    assert set(json.loads(said)) == {"client_id", "client_secret"}
    code, said = cli(product, "run", "from-the-shell", "-p", "1-inputs-image=@photo.png", "-o", "out", "--json", cwd=tmp_path)
    assert code == 0, said
    result = json.loads(said)
    paths = [tmp_path / output["path"] for output in result["outputs"]]
    assert [path.name for path in paths] == ["picture_00001_.png", "mask_00001_.png"]
    assert opened(paths[0].read_bytes()).size == (256, 256)
    code, said = cli(product, "jobs", "list", "--deployment", "from-the-shell", "--json", cwd=tmp_path)
    assert [(job["prompt_id"], job["status"]) for job in json.loads(said)] == [(result["prompt_id"], "succeeded")]


def test_a_run_from_the_shell_knows_the_inputs(product: Product, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(encoded(sample_photo()))
    fox, echo = product.deploy(sampling(1)), product.deploy(echo_photo())
    code, said = cli(product, "run", fox, "--help", cwd=tmp_path)
    assert code == 0
    assert all(words in said for words in ("--prompt", "--sampler", "--steps", "10000"))
    code, said = cli(product, "run", fox, "--prompt", "a cat", "--seed", "7", "--steps", "2", "-o", "out", "--json", cwd=tmp_path)
    assert code == 0, said
    by_shell = opened((tmp_path / json.loads(said)["outputs"][0]["path"]).read_bytes())
    by_http = opened(*product.files(product.made(fox, {"prompt": "a cat", "seed": 7, "steps": 2})))
    assert by_shell.tobytes() == by_http.tobytes()
    code, said = cli(product, "run", fox, "--steps", "0", cwd=tmp_path)
    assert code == 2
    assert "10000" in said
    code, said = cli(product, "run", echo, "--image", "photo.png", "-o", "out", "--json", cwd=tmp_path)
    assert code == 0, said


def test_the_sdk_calls_a_deployment_by_the_names_of_its_inputs(product: Product) -> None:
    name, photo = product.deploy(echo_photo()), encoded(sample_photo())
    with product.client() as client:
        poster = client.deployment(name)
        assert [one.name for one in poster.inputs() if not one.advanced] == ["image"]
        result = poster.infer(image=photo, timeout=PATIENCE)
        [picture] = [output for output in result.outputs if output.filename.startswith("picture")]
        assert opened(picture.read()).tobytes() == opened(photo).tobytes()
        with pytest.raises(InvalidUpload, match="Did you mean 'image'"):
            poster.run(imgae=photo)


def test_the_exit_codes_tell_what_went_wrong(product: Product, tmp_path: Path) -> None:
    bad = product.deploy(failing("raise"))
    ends = {
        "failed": cli(product, "run", bad, "-p", "1-inputs-color=94", cwd=tmp_path),
        "misspelt": cli(product, "run", bad, "-p", "1-inputs-colour=1", cwd=tmp_path),
        "absent": cli(product, "run", "absent", "-p", "a=1", cwd=tmp_path),
    }
    assert {what: code for what, (code, _) in ends.items()} == {"failed": 1, "misspelt": 2, "absent": 4}
    assert "TKFail: asked to fail" in ends["failed"][1]
