"""What the tests on a real ComfyUI share: the installation, with tiny models and the test nodes in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import Visitor, chromium
from tests.e2e.product import Product, until
from tests.e2e.studio import furnish
from tests.e2e.workflows import colour
from viewcomfy.comfy.install import install
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.tiny_models import write_tiny_models

ROOT = Path(__file__).parents[2]
NODES = Path(__file__).parent / "testkit_nodes.py"


@pytest.fixture(scope="session")
def installation() -> Installation:
    """The ComfyUI that VIEWCOMFY_TEST_COMFYUI names (a folder that `viewcomfy comfyui install` made), else one in <repository>/.comfyui."""
    installed = install(Path(os.environ.get("VIEWCOMFY_TEST_COMFYUI") or ROOT / ".comfyui"))
    write_tiny_models(installed)
    shutil.copyfile(NODES, installed.base / "custom_nodes" / NODES.name)
    return installed


@pytest.fixture(scope="session")
def comfyui(installation: Installation) -> Path:
    """The folder to give to --comfyui."""
    return installation.base.parent


@pytest.fixture(scope="session")
def product(comfyui: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The server that all tests share that leave it as it was; its ComfyUI is kept warm."""
    with Product(tmp_path_factory.mktemp("product") / "data", comfyui, idle_timeout=0) as product:
        yield product


@pytest.fixture(scope="module")
def others_comfyui(product: Product) -> Iterator[str]:
    """The URL of the shared server's ComfyUI: to any other server it is somebody else's, where it can't tidy up."""
    product.result(product.deploy(colour()), {"1-inputs-color": 1})
    yield str(until(lambda: next((backend["url"] for backend in product.backends() if backend["url"]), None), "it is up", 10))
    for path in product.left_behind():
        path.unlink()


@pytest.fixture(scope="session")
def fragile(comfyui: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The server for tests that break their ComfyUI: two attempts, little patience, many signs of life."""
    impatient: dict[str, Any] = {"attempts": 2, "stall_timeout": 4, "cancel_grace": 0.5, "heartbeat": 0.5, "idle_timeout": 0}
    with Product(tmp_path_factory.mktemp("fragile") / "data", comfyui, **impatient) as product:
        yield product


@pytest.fixture
def serve(comfyui: Path, tmp_path: Path) -> Iterator[Callable[..., Product]]:
    """Start a server of the test's own, with settings by their names; it is stopped at the end, whatever became of it."""
    with ExitStack() as stack:

        def start(name: str = "data", *, comfyui: str | Path = comfyui, **settings: Any) -> Product:
            return stack.enter_context(Product(tmp_path / name, comfyui, **settings))

        yield start


@pytest.fixture(scope="session")
def studio(comfyui: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The server that the browser tests look at, with deployments; its ComfyUI is kept warm."""
    with Product(tmp_path_factory.mktemp("studio") / "data", comfyui, idle_timeout=0) as product:
        furnish(product)
        yield product


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for one module: while Playwright runs, no async test can."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Visitor]]:
    """Open a browser of somebody's own at a server; when the test has ended, nothing may have gone wrong on its console."""
    visitors: list[Visitor] = []

    def open_browser(product: Product, **options: Any) -> Visitor:
        visitors.append(Visitor(browser, product.url, **options))
        return visitors[-1]

    yield open_browser
    for number, visitor in enumerate(visitors):
        visitor.photograph(tmp_path / f"visitor-{number}.png")
    faults = [fault for visitor in visitors for fault in visitor.close()]
    assert faults == []
