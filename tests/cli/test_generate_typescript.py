"""The generated TypeScript client: strict compilers take it whatever the inputs are called, and it runs deployments on Node."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from tests.e2e.pictures import encoded, sample_photo
from tests.e2e.product import PATIENCE, Product
from tests.e2e.workflows import colour, echo_photo, failing, sleeping
from tests.wire.inputs_kit import HUGE, POSTER, any_inputs, declared, deployment_names, nasty_inputs, texts
from viewcomfy.cli.generate import generate_typescript
from viewcomfy.cli.generate.names import class_name
from viewcomfy.cli.generate.typescript import TAKEN, string
from viewcomfy.core.inputs import InputKind
from viewcomfy.wire.inputs import InputOut

URL = "http://127.0.0.1:8000"
TYPESCRIPT = "typescript@5.9.3"
STRICT = [
    "--strict", "--target", "es2022", "--module", "es2022", "--moduleResolution", "bundler", "--lib", "es2022,dom",
    "--noUnusedLocals", "--noUnusedParameters", "--noImplicitReturns", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes",
    "--noPropertyAccessFromIndexSignature", "--erasableSyntaxOnly", "--verbatimModuleSyntax", "--isolatedModules", "--pretty", "false",
    "--skipLibCheck",
]  # fmt: skip
DRIVER = Path(__file__).parent / "use_client.mjs"

USE = """
import { MyPosterV2, ViewComfyError, type Job, type MyPosterV2Inputs } from "./my-poster.v2";

const client = new MyPosterV2({ clientId: "a", clientSecret: "b", version: 3 });
const inputs: MyPosterV2Inputs = { image: new Uint8Array(3), seed: 2n ** 60n, sampler: "euler", anything: [1, { a: null }] };
export async function use(): Promise<number> {
  try {
    const job: Job = await client.infer(inputs, { onEvent: (event) => event.kind === "progress" && console.log(event.fraction) });
    const [output] = job.outputs;
    return output ? (await client.download(output)).size : 0;
  } catch (error) {
    if (error instanceof ViewComfyError) console.log(error.code, error.status, error.problems[0]?.message);
    throw error;
  }
}
"""
MISUSE = """
import { MyPosterV2 } from "./my-poster.v2";
const client = new MyPosterV2();
void client.run({ prompt: "a cat" });
void client.run({ image: 3 });
void client.run({ image: "x", sampler: "eular" });
void client.run({ image: "x", promt: "a cat" });
"""

Tsc = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def tsc(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Tsc:
    """The TypeScript compiler, fetched once."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("node and npm are not installed")
    folder = Path(pytestconfig.cache.mkdir("typescript") if pytestconfig.cache else tmp_path_factory.mktemp("typescript"))
    compiler = folder / "node_modules" / "typescript" / "bin" / "tsc"
    if not compiler.exists():
        install = [npm, "install", "--prefix", str(folder), "--no-fund", "--no-audit", "--no-save", TYPESCRIPT]
        told = subprocess.run(install, capture_output=True, text=True, check=False, timeout=120)
        if told.returncode:
            pytest.skip(f"npm could not install {TYPESCRIPT}: {told.stderr.strip()[-200:]}")

    def compile_files(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        sources = [str(path) for path in sorted(folder.glob("*.ts"))]
        return subprocess.run([node, str(compiler), *STRICT, *words, *sources], capture_output=True, text=True, check=False, cwd=folder)

    return compile_files


def test_each_input_is_a_property_with_its_type() -> None:
    code = generate_typescript("poster", URL, 3, POSTER)
    interface = code.partition("export interface PosterInputs {\n")[2].partition("\n}")[0]
    assert [line.strip() for line in interface.splitlines() if not line.strip().startswith("/**")] == [
        "prompt?: string;", "image: FileInput;", "seed?: number | bigint;", "steps?: number;", "cfg?: number;",
        'sampler?: "euler" | "ddim";', "model?: string;", "upscale?: boolean;", "clip?: FileInput;", "voice?: FileInput;",
        "mesh?: FileInput;", "anything?: Json;",
    ]  # fmt: skip
    assert "/** From 1 to 150. Default: 20. */" in interface
    assert "by `viewcomfy client poster --typescript`" in code


@given(deployment_names, any_inputs, texts)
@settings(max_examples=60, deadline=None)
def test_the_same_inputs_give_the_same_text_that_can_be_saved(name: str, inputs: list[InputOut], description: str) -> None:
    code = generate_typescript(name, URL, 1, inputs, description)
    assert code == generate_typescript(name, URL, 1, [one.model_copy() for one in inputs], description)
    assert code.encode()


@given(texts)
def test_a_string_is_the_same_to_javascript(text: str) -> None:
    literal = string(text)
    assert literal.isprintable()
    assert "\\u{" in literal or json.loads(literal) == text


def test_strict_compilers_take_it_whatever_people_have_written(tsc: Tsc, tmp_path: Path) -> None:
    names = ["my-poster.v2", "3d", "client", "none", *sorted(name.lower() for name in TAKEN if name.isalpha())]
    for name in names:
        (tmp_path / f"{name}.ts").write_text(generate_typescript(name, URL, 3, POSTER if name == names[0] else POSTER[:2]), "utf-8")
    (tmp_path / "nasty.ts").write_text(generate_typescript("nasty", URL, 3, nasty_inputs(), nasty_inputs()[0].name), "utf-8")
    (tmp_path / "empty.ts").write_text(generate_typescript("empty", URL, 3, []), "utf-8")
    (tmp_path / "use.ts").write_text(USE)
    told = tsc(tmp_path, "--noEmit")
    assert (told.returncode, told.stdout) == (0, "")


def test_a_wrong_call_does_not_compile(tsc: Tsc, tmp_path: Path) -> None:
    (tmp_path / "my-poster.v2.ts").write_text(generate_typescript("my-poster.v2", URL, 3, POSTER), "utf-8")
    (tmp_path / "misuse.ts").write_text(MISUSE)
    told = tsc(tmp_path, "--noEmit").stdout
    assert [line.partition(",")[0] for line in told.splitlines() if line.startswith("misuse.ts")] == [
        f"misuse.ts({line}" for line in range(4, 8)
    ]


def test_it_has_no_any() -> None:
    assert not re.search(r"(: |as |<|\| )any\b", generate_typescript("poster", URL, 3, POSTER))


# --- used on Node -----------------------------------------------------------------------------------------------------
class Used:
    """A generated client of a deployment, compiled, and a Node that uses it."""

    def __init__(self, server: Product, tsc: Tsc, folder: Path, workflow: dict[str, Any], *inputs: InputOut) -> None:
        self.server, self.name, self.folder = server, server.deploy(workflow), folder
        (folder / "client.ts").write_text(generate_typescript(self.name, server.url, 1, inputs), "utf-8")
        told = tsc(folder, "--noCheck", "--outDir", str(folder))
        assert told.returncode == 0, told.stdout
        (folder / "client.js").rename(folder / "client.mjs")

    def __call__(self, **plan: Any) -> dict[str, Any]:
        """Return what was seen."""
        words = json.dumps({"server": self.server.url, "key": self.server.key, **plan})
        command = ["node", str(DRIVER), str(self.folder / "client.mjs"), class_name(self.name, ()), words]
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
        assert told.returncode == 0, told.stderr
        seen: dict[str, Any] = json.loads(told.stdout)
        return seen


def keyed(key: str, kind: InputKind, **facts: Any) -> InputOut:
    """Return an input whose name is its param key, which every server takes."""
    return declared(key, kind, **{"key": key, **facts})


def test_it_runs_a_deployment_and_fetches_what_it_made(server: Product, tsc: Tsc, tmp_path: Path) -> None:
    use = Used(server, tsc, tmp_path, colour(), keyed("1-inputs-color", InputKind.INTEGER))
    seen = use(inputs={"1-inputs-color": 7})
    assert seen["job"]["status"] == "succeeded"
    assert [file["type"] for file in seen["files"]] == ["image/png"]
    assert [file["bytes"] == file["size"] > 0 for file in seen["files"]] == [True]


def test_it_tells_every_event_once(server: Product, tsc: Tsc, tmp_path: Path) -> None:
    use = Used(server, tsc, tmp_path, sleeping(0.4, steps=4), keyed("1-inputs-seed", InputKind.SEED, maximum=HUGE))
    for plan in ({"inputs": {"1-inputs-seed": 11}}, {"inputs": {"1-inputs-seed": 12}, "broken": True}):
        seen = use(**plan)
        assert [event["status"] for event in seen["events"] if event["kind"] == "status"][-2:] == ["running", "succeeded"]
        assert [event["fraction"] for event in seen["events"] if event["kind"] == "progress"][-1] == 1
        assert [event["text"] for event in seen["events"] if event["kind"] == "log"].count("got prompt") == 1


def test_a_seed_too_large_for_a_number_is_sent_whole(server: Product, tsc: Tsc, tmp_path: Path) -> None:
    use = Used(server, tsc, tmp_path, sleeping(0, steps=1), keyed("1-inputs-seed", InputKind.SEED, maximum=HUGE))
    seen = use(inputs={"1-inputs-seed": "9007199254740993n"})
    assert server.job(seen["job"]["prompt_id"])["prompt"]["1"]["inputs"]["seed"] == 2**53 + 1


@pytest.mark.parametrize("kind", ["bytes", "blob", "file"])
def test_a_file_goes_along(server: Product, tsc: Tsc, tmp_path: Path, kind: str) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(encoded(sample_photo()))
    use = Used(server, tsc, tmp_path, echo_photo(), keyed("1-inputs-image", InputKind.IMAGE, required=True))
    seen = use(inputs={}, files={"1-inputs-image": str(photo)}, kinds={"1-inputs-image": kind})
    assert len(seen["files"]) == 2


def test_what_goes_wrong_is_thrown(server: Product, tsc: Tsc, tmp_path: Path) -> None:
    use = Used(server, tsc, tmp_path, failing("raise"), keyed("1-inputs-color", InputKind.INTEGER))
    failed = use(inputs={"1-inputs-color": 82})["error"]
    assert (failed["name"], failed["code"], failed["status"], failed["isOurs"]) == ("ViewComfyError", "workflow_failed", 502, True)
    assert "asked to fail" in failed["message"]
    refused = use(inputs={"1-inputs-colour": 82})["error"]
    assert (refused["code"], refused["status"]) == ("invalid_params", 422)
    assert "1-inputs-colour" in refused["problems"][0]["input"]
    assert use(inputs={}, key=["vc_nobody", "x"])["error"]["status"] == 401
    away = use(inputs={}, server="http://127.0.0.1:1")["error"]
    assert (away["code"], away["isOurs"]) == ("server_unavailable", True)


def test_a_job_can_be_canceled_and_a_wait_left(server: Product, tsc: Tsc, tmp_path: Path) -> None:
    use = Used(server, tsc, tmp_path, sleeping(20), keyed("1-inputs-seed", InputKind.SEED))
    seen = use(inputs={"1-inputs-seed": 31}, cancel=True)
    assert (seen["canceled"], seen["error"]["code"]) == ("canceled", "canceled")
    left = use(inputs={"1-inputs-seed": 32}, abort=1500)
    assert left["error"]["name"] == "TimeoutError"
