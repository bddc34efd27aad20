"""A ComfyUI as far as packs are concerned: it imports what lies in custom_nodes, says so as ComfyUI does, and ends when it is told to."""

# mypy: ignore-errors
# Its text becomes the main.py of the tests' ComfyUI, where `nodes` is beside it.

import importlib.util
import logging
import sys
import traceback
from pathlib import Path

import nodes

logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.INFO)


def load(path):
    spec = importlib.util.spec_from_file_location(str(path).replace(".", "_x_"), path / "__init__.py" if path.is_dir() else path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as e:
        logging.warning(traceback.format_exc())
        logging.warning(f"Cannot import {path} module for custom nodes: {e}")
        return False
    if not hasattr(module, "NODE_CLASS_MAPPINGS"):
        logging.warning(f"Skip {path} module for custom nodes due to the lack of NODE_CLASS_MAPPINGS or comfy_entrypoint (need one).")
        return False
    for name, node in module.NODE_CLASS_MAPPINGS.items():
        nodes.NODE_CLASS_MAPPINGS[name] = node
        node.RELATIVE_PYTHON_MODULE = f"custom_nodes.{path.name}"
    return True


def is_pack(path):
    return path.name != "__pycache__" and path.suffix != ".disabled" and (path.is_dir() or path.suffix == ".py")


def start():
    folder = Path(sys.argv[sys.argv.index("--base-directory") + 1]) / "custom_nodes"
    rows = [(load(path), path) for path in sorted(folder.iterdir()) if is_pack(path)]
    if rows:
        logging.info("\nImport times for custom nodes:")
    for success, path in rows:
        logging.info("{:6.1f} seconds{}: {}".format(0.1, "" if success else " (IMPORT FAILED)", path))
    if "--quick-test-for-ci" in sys.argv:
        exit(0)


if __name__ == "__main__":
    start()
