"""What the tests on a real ComfyUI share: the installation, with tiny models and the test nodes in it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

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
