"""A full disk: what does not fit is refused and leaves nothing, and the server goes on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.pictures import encoded, pixels, sample_photo
from tests.e2e.product import Product
from tests.e2e.workflows import big_file, colour, echo_photo

pytestmark = pytest.mark.e2e

MIB = 1024 * 1024
DISK = 24


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of a few MiB."""
    folder = tmp_path_factory.mktemp("disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK}m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small disk needs the right to mount one: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def cramped(small_disk: Path, others_comfyui: str) -> Iterator[Product]:
    """A server with its data and its log on a small disk; its ComfyUI's files lie elsewhere."""
    with Product(small_disk / "data", others_comfyui) as cramped:
        yield cramped


def used(product: Product) -> int:
    """Return the bytes in the data folder, the database's apart."""
    folders = (product.data_dir / name for name in ("files", "tmp"))
    return sum(Path(place, name).stat().st_size for folder in folders for place, _, names in os.walk(folder) for name in names)


def fill(path: Path) -> None:
    """Write until the disk is full to the last byte."""
    for size in (64 * 1024, 512, 1):
        with suppress(OSError), path.open("ab", buffering=0) as file:
            while file.write(bytes(size)):
                pass


def test_an_upload_that_does_not_fit_answers_507(cramped: Product) -> None:
    name, photo = cramped.deploy(echo_photo()), encoded(sample_photo())
    before = used(cramped)
    for logs in (False, True):
        answer = cramped.infer(name, files={"1-inputs-image": ("big.png", photo + bytes((DISK + 8) * MIB), "image/png")}, logs=logs)
        assert answer.status_code == 507
        assert answer.json()["code"] == "disk_full"
    assert used(cramped) == before
    assert cramped.http.get("/api/jobs").json()["jobs"] == []
    assert len(cramped.result(name, files={"1-inputs-image": ("small.png", photo, "image/png")})["outputs"]) == 2


def test_an_output_that_does_not_fit_fails_its_job(cramped: Product) -> None:
    name, before = cramped.deploy(big_file(DISK + 8)), used(cramped)
    answer = cramped.infer(name, {"1-inputs-seed": 5})
    assert answer.status_code == 507
    assert answer.json()["code"] == "disk_full"
    job = cramped.job(answer.json()["prompt_id"])
    assert (job["status"], job["error"]["code"], job["outputs"], job["attempt"]) == ("failed", "disk_full", [], 1)
    assert used(cramped) == before
    assert pixels(cramped.result(cramped.deploy(colour()), {"1-inputs-color": 0x0C0C0C}))[:3] == b"\x0c\x0c\x0c"


def test_a_disk_without_a_single_byte_left_accepts_nothing_and_loses_nothing(cramped: Product, small_disk: Path) -> None:
    plain = cramped.deploy(colour())
    known = cramped.result(plain, {"1-inputs-color": 0x0D0D0D})
    filler = small_disk / "filler"
    fill(filler)
    answers = [cramped.infer(plain, {"1-inputs-color": color}) for color in range(0x100, 0x108)]
    assert {answer.status_code for answer in answers} <= {201, 507}
    assert cramped.http.get("/healthz").is_success
    filler.unlink()
    assert cramped.result(plain, {"1-inputs-color": 0x0E0E0E})["status"] == "success"
    assert cramped.job(known["prompt_id"])["status"] == "succeeded"
    accepted = cramped.http.get("/api/jobs", params={"deployment": plain, "limit": 50}).json()["jobs"]
    assert {cramped.ended(job["prompt_id"], 20)["status"] for job in accepted} <= {"succeeded", "failed"}
