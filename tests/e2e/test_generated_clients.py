"""`viewcomfy client`: what it writes for one deployment is used, in Python and on Node, and makes the same pictures as any other call."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.pictures import encoded, opened, sample_photo
from tests.e2e.product import PATIENCE, Product
from tests.e2e.workflows import Workflow, image_to_image

pytestmark = pytest.mark.e2e

TYPESCRIPT = "typescript@5.9.3"
PYTHON_USE = """
import os, sys
from pathlib import Path

import viewcomfy
from poster_client import SERVER, VERSION, Poster

key = {name: os.environ[f"VIEWCOMFY_{name.upper()}"] for name in ("client_id", "client_secret")}
with viewcomfy.Client(SERVER, **key) as client:
    poster = Poster(client, version=VERSION)
    try:
        poster.run(image=Path("photo.png"), steps=0)
    except viewcomfy.InvalidParams as fault:
        print(fault.message)
    result = poster.infer(image=Path("photo.png"), prompt="a boat", seed=2**53 + 1, steps=2, sampler="heun")
    [path] = result.save("python")
    print(path)
"""
NODE_USE = """
import { readFileSync, writeFileSync } from "node:fs";
import { Poster } from "./poster_client.mjs";

const client = new Poster({ clientId: process.env.VIEWCOMFY_CLIENT_ID, clientSecret: process.env.VIEWCOMFY_CLIENT_SECRET });
const image = new Uint8Array(readFileSync("photo.png"));
await client.run({ image, steps: 0 }).catch((error) => console.log(error.problems[0].message));
const fractions = [];
const onEvent = (event) => event.kind === "progress" && fractions.push(event.fraction);
const job = await client.infer({ image, prompt: "a boat", seed: 2n ** 53n + 1n, steps: 2, sampler: "heun" }, { onEvent });
writeFileSync("node.png", Buffer.from(await (await client.download(job.outputs[0])).arrayBuffer()));
console.log(fractions.at(-1));
"""


STRIP = """
const fs = require("node:fs");
const typescript = require(process.argv[1]);
const options = { target: "es2022", module: "es2022" };
fs.writeFileSync("poster_client.mjs", typescript.transpile(fs.readFileSync("poster_client.ts", "utf8"), options));
"""


def workflow() -> Workflow:
    """Return a workflow with a photo and a prompt to sample from."""
    made = image_to_image()
    made["2"]["_meta"] = {"title": "Prompt"}
    return made


@pytest.fixture(scope="module")
def expected(product: Product) -> bytes:
    """The pixels that the calls are to make, made by a call without any client."""
    assert product.put("poster", workflow()).is_success
    said = {"prompt": "a boat", "seed": str(2**53 + 1), "steps": "2", "sampler": "heun"}
    files = {"image": ("photo.png", encoded(sample_photo()))}
    answer = product.http.post("/d/poster/run", data={"inputs": json.dumps(said)}, files=files, headers={"prefer": "wait=60"})
    assert answer.status_code == 200, answer.text
    return opened(*product.files(answer.json())).tobytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a photo in it."""
    (tmp_path / "photo.png").write_bytes(encoded(sample_photo()))
    return tmp_path


@pytest.fixture(scope="module")
def typescript(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The TypeScript compiler as a module, fetched once."""
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        pytest.skip("node and npm are not installed")
    folder = Path(pytestconfig.cache.mkdir("typescript") if pytestconfig.cache else tmp_path_factory.mktemp("typescript"))
    compiler = folder / "node_modules" / "typescript" / "lib" / "typescript.js"
    if not compiler.exists():
        install = [npm, "install", "--prefix", str(folder), "--no-fund", "--no-audit", "--no-save", TYPESCRIPT]
        told = subprocess.run(install, capture_output=True, text=True, check=False, timeout=120)
        if told.returncode:
            pytest.skip(f"npm could not install {TYPESCRIPT}: {told.stderr.strip()[-200:]}")
    return compiler


def test_the_python_module_makes_the_picture(product: Product, expected: bytes, folder: Path) -> None:
    written = product.command("client", "poster", cwd=folder)
    assert written.returncode == 0, written.stderr
    text = (folder / "poster_client.py").read_text()
    assert "image: " in text
    assert "rom 1 to 10" in text
    (folder / "use.py").write_text(PYTHON_USE)
    used = product.run_with_key([sys.executable, "use.py"], cwd=folder)
    assert used.returncode == 0, used.stderr
    fault, path = used.stdout.splitlines()
    assert "between 1 and 10000" in fault
    assert opened((folder / path).read_bytes()).tobytes() == expected


def test_the_typescript_file_makes_the_picture(product: Product, expected: bytes, folder: Path, typescript: Path) -> None:
    written = product.command("client", "poster", "--typescript", cwd=folder)
    assert written.returncode == 0, written.stderr
    subprocess.run(["node", "-e", STRIP, str(typescript)], check=True, cwd=folder, timeout=PATIENCE)
    (folder / "use.mjs").write_text(NODE_USE)
    used = product.run_with_key(["node", "use.mjs"], cwd=folder)
    assert used.returncode == 0, used.stderr
    fault, fraction = used.stdout.splitlines()
    assert ("between 1 and 10000" in fault, float(fraction)) == (True, 1.0)
    assert opened((folder / "node.png").read_bytes()).tobytes() == expected
