"""Node classes for text, sound and moving pictures; sound and video files are headers with a payload, not playable."""

from __future__ import annotations

import json
import struct
from typing import Any

from viewcomfy.testing.fake_comfy import pictures
from viewcomfy.testing.fake_comfy.node import NodeClass, NodeRun, Result
from viewcomfy.testing.fake_comfy.nodes.images import PNG_INFO
from viewcomfy.testing.fake_comfy.nodes.saving import find_place
from viewcomfy.testing.fake_comfy.pictures import Pictures


async def primitive_string(_run: NodeRun, *, value: str) -> Result:
    """Hand on the text."""
    return Result((value,))


async def preview_any(_run: NodeRun, *, source: Any) -> Result:
    """Show a value as text."""
    return Result(ui={"text": [source if isinstance(source, str) else _as_text(source)]})


async def save_text(run: NodeRun, *, text: str, filename_prefix: str) -> Result:
    """Save a text file, announced the way text nodes do: as a string that holds JSON."""
    entry = find_place(run.folders.output, "output", filename_prefix).save(text.encode(), "txt")
    return Result(ui={"text": [json.dumps(entry)]})


async def empty_audio(_run: NodeRun, *, duration: float, sample_rate: int, channels: int) -> Result:
    """Make silence."""
    return Result(((round(duration * sample_rate), sample_rate, channels),))


async def save_audio(run: NodeRun, *, audio: tuple[int, int, int], filename_prefix: str) -> Result:
    """Save the header of a FLAC file."""
    entry = find_place(run.folders.output, "output", filename_prefix).save(_flac(*audio), "flac")
    return Result(ui={"audio": [entry]})


async def create_video(_run: NodeRun, *, images: Pictures, fps: float, **_: Any) -> Result:
    """Put pictures together."""
    return Result(((images, fps),))


async def save_video(run: NodeRun, *, video: tuple[Pictures, float], filename_prefix: str, **_: Any) -> Result:
    """Save the boxes of an MP4 file, announced as an animated image like ComfyUI does."""
    frames = video[0]
    place = find_place(run.folders.output, "output", filename_prefix, frames[0].size)
    return Result(ui={"images": [place.save(_mp4(frames), "mp4")], "animated": [True]})


async def save_animated_webp(
    run: NodeRun, *, images: Pictures, filename_prefix: str, fps: float, lossless: bool, quality: int, **_: Any
) -> Result:
    """Save an animation."""
    place = find_place(run.folders.output, "output", filename_prefix, images[0].size)
    return Result(ui={"images": [place.save(pictures.to_webp(images, fps, lossless, quality), "webp")], "animated": [len(images) != 1]})


def _as_text(value: Any) -> str:
    try:
        return json.dumps(value, indent=4)
    except (TypeError, ValueError):
        return str(value)


def _flac(samples: int, sample_rate: int, channels: int) -> bytes:
    packed = sample_rate << 44 | (channels - 1) << 41 | 15 << 36 | samples
    stream_info = struct.pack(">HH", 4096, 4096) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    return b"fLaC" + struct.pack(">I", 0x80 << 24 | len(stream_info)) + stream_info


def _mp4(frames: Pictures) -> bytes:
    payload = b"".join(pictures.to_jpeg(frame, 64) for frame in frames)
    file_type = b"isom" + struct.pack(">I", 512) + b"isomiso2mp41"
    return b"".join(struct.pack(">I", len(body) + 8) + kind + body for kind, body in ((b"ftyp", file_type), (b"mdat", payload)))


MEDIA_NODES = (
    NodeClass(
        "PrimitiveString",
        primitive_string,
        required={"value": ("STRING", {"multiline": False})},
        returns=("STRING",),
        display_name="String",
        category="utils/primitive",
    ),
    NodeClass(
        "PreviewAny",
        preview_any,
        required={"source": ("*", {})},
        is_output=True,
        display_name="Preview as Text",
        category="utils",
    ),
    NodeClass(
        "SaveText",
        save_text,
        required={"text": ("STRING", {"multiline": True}), "filename_prefix": ("STRING", {"default": "text/ComfyUI"})},
        is_output=True,
        category="utils",
    ),
    NodeClass(
        "EmptyAudio",
        empty_audio,
        required={
            "duration": ("FLOAT", {"default": 60.0, "min": 0.0, "max": 2**64 - 1, "step": 0.01}),
            "sample_rate": ("INT", {"default": 44100}),
            "channels": ("INT", {"default": 2, "min": 1, "max": 2}),
        },
        returns=("AUDIO",),
        display_name="Empty Audio",
        category="audio",
    ),
    NodeClass(
        "SaveAudio",
        save_audio,
        required={"audio": ("AUDIO",), "filename_prefix": ("STRING", {"default": "audio/ComfyUI"})},
        hidden=PNG_INFO,
        is_output=True,
        display_name="Save Audio (FLAC)",
        category="audio",
    ),
    NodeClass(
        "CreateVideo",
        create_video,
        required={"images": ("IMAGE", {}), "fps": ("FLOAT", {"default": 30.0, "min": 1.0, "max": 120.0, "step": 1.0})},
        optional={"audio": ("AUDIO", {})},
        returns=("VIDEO",),
        display_name="Create Video",
        category="image/video",
    ),
    NodeClass(
        "SaveVideo",
        save_video,
        required={
            "video": ("VIDEO", {}),
            "filename_prefix": ("STRING", {"default": "video/ComfyUI", "multiline": False}),
            "format": ("COMBO", {"default": "auto", "multiselect": False, "options": ["auto", "mp4"]}),
            "codec": ("COMBO", {"default": "auto", "multiselect": False, "options": ["auto", "h264"]}),
        },
        hidden={key: [value] for key, value in PNG_INFO.items()},
        is_output=True,
        display_name="Save Video",
        category="image/video",
    ),
    NodeClass(
        "SaveAnimatedWEBP",
        save_animated_webp,
        required={
            "images": ("IMAGE",),
            "filename_prefix": ("STRING", {"default": "ComfyUI"}),
            "fps": ("FLOAT", {"default": 6.0, "min": 0.01, "max": 1000.0, "step": 0.01}),
            "lossless": ("BOOLEAN", {"default": True}),
            "quality": ("INT", {"default": 80, "min": 0, "max": 100}),
            "method": (["default", "fastest", "slowest"],),
        },
        hidden=PNG_INFO,
        is_output=True,
        category="image/animation",
    ),
)
