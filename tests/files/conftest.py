"""The implementations that the contract holds for."""

from __future__ import annotations

from pathlib import Path

import pytest

from viewcomfy.files.base import Files
from viewcomfy.files.local import LocalFiles


@pytest.fixture(params=["local"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    """Empty files of each implementation."""
    return {"local": lambda: LocalFiles(tmp_path / "files")}[request.param]()
