"""What the program that ComfyUI is forked from tells of itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

from viewcomfy.comfy.programs import fork_server

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@LINUX
def test_a_device_that_is_open_is_seen() -> None:
    assert fork_server.devices(("/dev/zero",)) == []
    with Path("/dev/zero").open("rb"):
        assert fork_server.devices(("/dev/zero",)) == ["/dev/zero"]


@LINUX
@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
@pytest.mark.parametrize(("answer", "is_seen"), [(0, "True"), (3, "False")])
def test_cuda_counts_as_initialised_when_its_library_answers_anything_else_than_that_it_is_not(
    tmp_path: Path, answer: int, is_seen: str
) -> None:
    library, source = tmp_path / "libcuda.so.1", tmp_path / "cuda.c"
    source.write_text(f"int cuDeviceGetCount(int *count) {{ *count = 1; return {answer}; }}\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-Wl,-soname,libcuda.so.1", "-o", str(library), str(source)], check=True)
    look = f"import ctypes; ctypes.CDLL({str(library)!r}); from viewcomfy.comfy.programs.fork_server import has_cuda; print(has_cuda())"
    told = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == is_seen


def test_without_its_library_cuda_is_not_initialised() -> None:
    assert not fork_server.has_cuda()


def test_a_module_that_is_held_back_comes_whole_when_it_is_imported_and_not_when_it_is_looked_for() -> None:
    name, imported = "a_module_of_the_tests", list[str]()
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None, origin="somewhere")
    held = fork_server.Held(module, lambda: imported.append(name))
    sys.meta_path.insert(0, held)
    try:
        spec = find_spec(name)
        assert spec
        assert spec.origin == "somewhere"
        assert imported == []
        assert __import__(name) is module
        assert imported == [name]
        assert module.__spec__.loader is None
        assert held not in sys.meta_path
    finally:
        sys.modules.pop(name, None)
