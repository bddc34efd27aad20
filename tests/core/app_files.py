"""An app file with a bit of everything, and what a server does with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from viewcomfy.core.app_export import write_app_file
from viewcomfy.core.app_file import App
from viewcomfy.core.catalog import Catalog, InputSpec, NodeClass
from viewcomfy.core.declare import declare
from viewcomfy.core.input_edit import edit_of
from viewcomfy.core.input_edits import apply_edits
from viewcomfy.core.inputs import Input
from viewcomfy.core.params import find_target

WORKFLOW: dict[str, Any] = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 758815031092573, "steps": 20, "cfg": 7.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1,
            "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0],
        },
        "_meta": {"title": "KSampler"},
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny.safetensors"}, "_meta": {"title": "Load Checkpoint"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 512, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a lighthouse", "clip": ["4", 1]}, "_meta": {"title": "Prompt"}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}, "_meta": {"title": "CLIP Text Encode (Prompt)"}},
    "10": {"class_type": "LoadImage", "inputs": {"image": "example.png", "upload": "image"}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "poster", "images": ["3", 0]}},
}  # fmt: skip


def field(key: str, title: str, value: Any, value_type: str, **more: Any) -> dict[str, Any]:
    """Return a field as the app's editor writes it."""
    node_id, _, name = key.partition("-inputs-")
    return {
        "title": title, "placeholder": title, "value": value, "workflowPath": [node_id, "inputs", name], "helpText": "Helper Text",
        "valueType": value_type, "validations": {"required": value_type != "boolean"}, "key": key, **more,
    }  # fmt: skip


SAMPLER = {
    "title": "KSampler",
    "colour": "red",
    "inputs": [
        field("3-inputs-seed", "Seed", 758815031092573, "seed"),
        field("3-inputs-steps", "Steps", 12, "slider", slider={"min": 4, "max": 40, "step": 2}, tooltip=""),
        field("3-inputs-cfg", "Cfg", 7, "float", range={"min": 1.5}, visibility="active", note={"kept": [1, None]}),
        field(
            "3-inputs-sampler_name", "Sampler", "euler", "select",
            options=[{"label": "Quick", "value": "euler"}, {"label": "Fine", "value": "dpmpp_2m", "new": True}],
        ),
        field("3-inputs-denoise", "Denoise", 1, "number", visibility="deleted"),
    ],
    "key": "3-KSampler",
}  # fmt: skip
APP: dict[str, Any] = {
    "file_type": "view_comfy",
    "file_version": "1.0.0",
    "version": "0.0.1",
    "appTitle": "Studio",
    "sections": [{"name": "Print", "workflows": ["Poster"]}],
    "workflows": [
        {
            "viewComfyJSON": {
                "title": "Poster",
                "description": "Makes posters.",
                "viewcomfyEndpoint": "https://example.com/d/poster/infer",
                "previewImages": ["/preview_images/a.png", None, None],
                "inputs": [
                    {
                        "title": "Prompt",
                        "inputs": [field("6-inputs-text", "What to draw", "a lighthouse", "long-text", helpText="Say it in a sentence.")],
                        "key": "6-CLIPTextEncode",
                    },
                    {
                        "title": "CLIP Text Encode (Prompt)",
                        "inputs": [field("7-inputs-text", "CLIP Text Encode (Prompt)", "", "long-text")],
                        "key": "7-CLIPTextEncode",
                    },
                    {
                        "title": "Load Image",
                        "inputs": [
                            field(
                                "10-inputs-image", "Your picture", None, "image",
                                tooltip="PNG or JPEG", validations={"required": True, "errorMsg": "A picture, please."},
                            )
                        ],
                        "key": "10-LoadImage",
                    },
                ],
                "advancedInputs": [SAMPLER, {"title": "Empty", "inputs": [], "key": "8-Nothing"}],
                "id": "1c091028ac0b4",
            },
            "workflowApiJSON": WORKFLOW,
            "theme": "dark",
        }
    ],
}  # fmt: skip

SAMPLERS = ("euler", "dpmpp_2m", "ddim")
CATALOG = Catalog(
    {
        "KSampler": NodeClass(
            "KSampler",
            "KSampler",
            {
                "seed": InputSpec("seed", "INT", True, 0, 0, 2**64 - 1),
                "steps": InputSpec("steps", "INT", True, 20, 1, 10_000, tooltip="How many rounds."),
                "cfg": InputSpec("cfg", "FLOAT", True, 8.0, 0.0, 100.0, 0.1),
                "sampler_name": InputSpec("sampler_name", "COMBO", True, choices=SAMPLERS),
                "denoise": InputSpec("denoise", "FLOAT", True, 1.0, 0.0, 1.0, 0.01),
            },
        ),
        "CheckpointLoaderSimple": NodeClass(
            "CheckpointLoaderSimple",
            "Load Checkpoint",
            {"ckpt_name": InputSpec("ckpt_name", "COMBO", True, choices=("tiny.safetensors", "other.safetensors"))},
        ),
        "CLIPTextEncode": NodeClass("CLIPTextEncode", "CLIP Text Encode", {"text": InputSpec("text", "STRING", True, "", multiline=True)}),
    }
)


def deployed(app: App, catalog: Catalog | None = CATALOG) -> tuple[Input, ...]:
    """Return the inputs that a deployment of the app has."""
    inputs, _ = apply_edits(declare(app.workflow, catalog), app.edits)
    return inputs


def edited(app: App, key: str, changes: Mapping[str, Any]) -> App:
    """Return the app with its owner's changes to one input in its edits."""
    target = find_target(key, app.workflow)
    assert target
    before = next((edit.changes for edit in app.edits if edit.key == key), {})
    others = tuple(edit for edit in app.edits if edit.key != key)
    return replace(app, edits=(*others, edit_of(app.workflow, target, {**before, **changes})))


def exported(app: App, *, workflow: dict[str, Any] | None = None, catalog: Catalog | None = CATALOG, **words: str) -> dict[str, Any]:
    """Return the file of a deployment of the app; with a workflow, of a later version that has the same edits."""
    now = replace(app, workflow=workflow) if workflow else app
    return write_app_file(now.workflow, deployed(now, catalog), now.edits, source=app.source, **words)


def field_of(file: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the field for one input."""
    form = file["workflows"][0]["viewComfyJSON"]
    fields = (found for name in ("inputs", "advancedInputs") for group in form[name] for found in group["inputs"])
    return next(found for found in fields if found["key"] == key)


def same_inputs(one: tuple[Input, ...], two: tuple[Input, ...]) -> None:
    """Check that two deployments have the same inputs in the same order, those that are hidden aside."""

    def shown(inputs: tuple[Input, ...]) -> list[Input]:
        ordered = sorted((found for found in inputs if not found.hidden), key=lambda found: (found.advanced, found.order))
        return [replace(found, order=0) for found in ordered]

    assert shown(one) == shown(two)
    assert {found.key for found in one} == {found.key for found in two}
