"""Files of 100 MB pass through the server without staying in its memory."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.pictures import encoded, sample_photo
from tests.e2e.product import Product
from tests.e2e.workflows import big_file, echo_photo

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux tells the peak of memory")]

MIB = 1024 * 1024
SIZE = 100 * MIB
MOST_GROWTH = 32 * MIB


def memory(product: Product, field: str) -> int:
    """Return a figure of the server's memory in bytes."""
    for line in Path(f"/proc/{product.process.pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(field)


@contextmanager
def little_growth(product: Product) -> Iterator[None]:
    """Fail if the server's memory peaks far above where it stands now."""
    Path(f"/proc/{product.process.pid}/clear_refs").write_text("5")  # the peak begins anew
    before = memory(product, "VmRSS")
    yield
    growth = memory(product, "VmHWM") - before
    assert growth <= MOST_GROWTH, f"the server grew by {growth / MIB:.0f} MiB"


@pytest.fixture(scope="module")
def big(product: Product) -> str:
    name = product.deploy(big_file(1))
    product.result(name, {"1-inputs-seed": 3})  # code is loaded, ComfyUI is warm
    return name


def test_a_big_output_in_one_answer(product: Product, big: str) -> None:
    data = {"logs": "false", "params": json.dumps({"1-inputs-megabytes": 100, "1-inputs-seed": 4321})}
    with little_growth(product), product.http.stream("POST", f"/d/{big}/infer", data=data) as answer:
        size, head = 0, b""
        for chunk in answer.iter_raw():
            size += len(chunk)
            head = head or chunk[:4096]
    assert answer.status_code == 201
    assert size == int(answer.headers["content-length"])
    assert size > SIZE * 4 / 3
    assert base64.b64encode(b"4321\n"[:3]) in head


def test_a_big_output_in_a_stream(product: Product, big: str) -> None:
    data = {"logs": "true", "params": json.dumps({"1-inputs-megabytes": 100, "1-inputs-seed": 4322})}
    with little_growth(product), product.http.stream("POST", f"/d/{big}/infer", data=data) as answer:
        size, end = 0, b""
        for chunk in answer.iter_raw():
            size += len(chunk)
            end = (end + chunk)[-8:]
    assert size > SIZE * 4 / 3
    assert end.endswith(b"]}\n\n")


def test_a_big_output_by_link(product: Product, big: str, tmp_path: Path) -> None:
    with little_growth(product):
        job = product.ended(product.run(big, {"1-inputs-megabytes": 100, "1-inputs-seed": 4323}))
        [output] = job["outputs"]
        assert output["size"] == SIZE + 5
        with product.client() as client:
            [path] = client.job(job["prompt_id"]).result().save(tmp_path)
    assert path.stat().st_size == SIZE + 5
    with path.open("rb") as file:
        assert file.readline() == b"4323\n"


def test_a_big_upload(product: Product) -> None:
    name, photo = product.deploy(echo_photo()), encoded(sample_photo())
    padded = io.BytesIO(photo + bytes(SIZE))  # what follows the picture in its file, every reader ignores
    with little_growth(product):
        result = product.result(name, files={"1-inputs-image": ("big.png", padded, "image/png")})
    assert len(result["outputs"]) == 2
    assert product.tidies_up()
