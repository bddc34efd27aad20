"""A ComfyUI in memory, faithful on the wire, for tests that need no GPU and no minute to start."""

from __future__ import annotations

from viewcomfy.core.errors import MissingExtra

try:
    from viewcomfy.testing.fake_comfy.fake import FakeComfy
    from viewcomfy.testing.fake_comfy.node import NodeClass, NodeRun, Result
    from viewcomfy.testing.fake_comfy.serving import ServedFake, run_fake_comfy
except ModuleNotFoundError as error:
    raise MissingExtra(f"The fake ComfyUI needs {error.name}.", hint="Type: pip install 'viewcomfy[testing]'") from error

__all__ = ["FakeComfy", "NodeClass", "NodeRun", "Result", "ServedFake", "run_fake_comfy"]
