"""Custom nodes for tests: they wait, print, save big files, and fail in every way a node can."""

# mypy: ignore-errors
# It runs inside ComfyUI, whose modules are only there.

import ctypes
import json
import os
import signal
import time
import types
from pathlib import Path

import comfy.model_management
import comfy.utils
import folder_paths
import torch
from aiohttp import web
from server import PromptServer

SEED = ("INT", {"default": 0, "min": 0, "max": 2**63 - 1})
SECONDS = ("FLOAT", {"default": 1.0, "min": 0.0, "max": 3600.0, "step": 0.01})
MIB = 1024 * 1024


class TKWait:
    """Wait in steps, with progress, a printed line a step, and a text at the end; the seed sets the grey of the picture."""

    @classmethod
    def INPUT_TYPES(cls):
        steps = ("INT", {"default": 10, "min": 1, "max": 100_000})
        return {"required": {"seconds": SECONDS, "steps": steps, "seed": SEED}, "hidden": {"unique_id": "UNIQUE_ID"}}

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "run"
    CATEGORY = "testkit"

    def run(self, seconds, steps, seed, unique_id):
        progress = comfy.utils.ProgressBar(steps)
        for step in range(steps):
            comfy.model_management.throw_exception_if_processing_interrupted()
            time.sleep(seconds / steps)
            progress.update(1)
            print(f"TKWait {seed} step {step + 1}/{steps}")
        PromptServer.instance.send_progress_text(f"waited {seconds} s", unique_id)
        return (torch.full((1, 32, 32, 3), (seed % 256) / 255.0),)


class TKFail:
    """Fail. `hang` sleeps and never looks for an interrupt; `freeze` holds Python's lock, so that nothing answers."""

    MODES = ("none", "raise", "oom", "device", "exit", "kill", "hang", "freeze")

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",), "mode": (list(cls.MODES),), "seconds": SECONDS}}

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "run"
    CATEGORY = "testkit"

    def run(self, image, mode, seconds):
        if mode == "raise":
            raise ValueError("asked to fail")
        if mode == "oom":
            raise torch.OutOfMemoryError("Allocation on device (test)")
        if mode == "device":
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        if mode == "exit":
            os._exit(3)
        if mode == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if mode == "hang":
            time.sleep(seconds)
        if mode == "freeze":
            ctypes.PyDLL(None).usleep(int(seconds * 1e6))  # PyDLL keeps the lock
        return (image,)


class TKSaveBytes:
    """Save a file of so many megabytes, quickly; the seed is its first line."""

    @classmethod
    def INPUT_TYPES(cls):
        megabytes = ("INT", {"default": 1, "min": 0, "max": 4096})
        return {"required": {"megabytes": megabytes, "seed": SEED, "filename_prefix": ("STRING", {"default": "testkit"})}}

    RETURN_TYPES = ()
    FUNCTION = "run"
    CATEGORY = "testkit"
    OUTPUT_NODE = True

    def run(self, megabytes, seed, filename_prefix):
        folder, name, counter, subfolder, _ = folder_paths.get_save_image_path(filename_prefix, folder_paths.get_output_directory())
        filename = f"{name}_{counter:05}_.bin"
        block = os.urandom(MIB)
        with Path(folder, filename).open("wb") as file:
            file.write(f"{seed}\n".encode())
            for _ in range(megabytes):
                file.write(block)
        return {"ui": {"files": [{"filename": filename, "subfolder": subfolder, "type": "output"}]}}


class TKNote:
    """Print a text, save it, and announce the file the way text nodes do: as a string that holds JSON."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING", {"multiline": True}), "filename_prefix": ("STRING", {"default": "note"})}}

    RETURN_TYPES = ()
    FUNCTION = "run"
    CATEGORY = "testkit"
    OUTPUT_NODE = True

    def run(self, text, filename_prefix):
        print(text)
        folder, name, counter, subfolder, _ = folder_paths.get_save_image_path(filename_prefix, folder_paths.get_output_directory())
        filename = f"{name}_{counter:05}_.txt"
        Path(folder, filename).write_text(text)
        return {"ui": {"text": [json.dumps({"type": "output", "subfolder": subfolder, "filename": filename})]}}


class TKSame:
    """Save the seed into the same file each time, as nodes do that take no prefix; it can be announced without being there."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"seed": SEED, "filename": ("STRING", {"default": "same.txt"}), "save": ("BOOLEAN", {"default": True})}}

    RETURN_TYPES = ()
    FUNCTION = "run"
    CATEGORY = "testkit"
    OUTPUT_NODE = True

    def run(self, seed, filename, save):
        if save:
            Path(folder_paths.get_output_directory(), filename).write_text(str(seed))
        return {"ui": {"files": [{"filename": filename, "subfolder": "", "type": "output"}]}}


class TKMesh:
    """Make a triangle."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    RETURN_TYPES = ("MESH",)
    FUNCTION = "run"
    CATEGORY = "testkit"

    def run(self):
        corners = torch.tensor([[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
        return (types.SimpleNamespace(vertices=corners, faces=torch.tensor([[[0, 1, 2]]])),)


class Prompts:
    """Count the prompts that are sent here, before anything is said of them."""

    count = 0

    @classmethod
    def add(cls, sent):
        cls.count += 1
        return sent

    @classmethod
    async def tell(cls, _request):
        return web.json_response({"count": cls.count})


PromptServer.instance.add_on_prompt_handler(Prompts.add)
PromptServer.instance.routes.get("/testkit/prompts")(Prompts.tell)

NODE_CLASS_MAPPINGS = {"TKWait": TKWait, "TKFail": TKFail, "TKSaveBytes": TKSaveBytes, "TKNote": TKNote, "TKSame": TKSame, "TKMesh": TKMesh}
