"""A server with a ComfyUI in memory behind it, and the command line in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.typed import Typed, type_line
from tests.e2e.product import ADMIN_TOKEN, Product


@pytest.fixture(scope="session")
def server(fake_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The server that the tests share."""
    with Product(tmp_path_factory.mktemp("cli") / "data", fake_url) as product:
        yield product


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Typed]:
    """Type a command line, in an empty folder and without any variable of ours."""
    for name in ("SERVER", "CLIENT_ID", "CLIENT_SECRET", "ADMIN_TOKEN", "DATA_DIR", "PORT"):
        monkeypatch.delenv(f"VIEWCOMFY_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    return lambda *words: type_line(capsys, *words)


@pytest.fixture
def as_admin(typed: Callable[..., Typed], server: Product, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Typed]:
    """Type a command line as the owner of the shared server."""
    monkeypatch.setenv("VIEWCOMFY_SERVER", server.url)
    monkeypatch.setenv("VIEWCOMFY_ADMIN_TOKEN", ADMIN_TOKEN)
    return typed


@pytest.fixture
def as_caller(typed: Callable[..., Typed], server: Product, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Typed]:
    """Type a command line as someone with a key for the shared server."""
    client_id, client_secret = server.key
    monkeypatch.setenv("VIEWCOMFY_SERVER", server.url)
    monkeypatch.setenv("VIEWCOMFY_CLIENT_ID", client_id)
    monkeypatch.setenv("VIEWCOMFY_CLIENT_SECRET", client_secret)
    return typed
