"""The model files that an editor's workflow says its nodes need, with where they can be had."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from viewcomfy.core.editor.format import as_dict, as_list, as_text
from viewcomfy.core.errors import BadInput
from viewcomfy.core.models import MOST, SHA256, Model, check_model


def needed_models(nodes: Iterable[tuple[dict[str, Any], set[str]]]) -> tuple[Model, ...]:
    """Return the models of nodes, given as (properties, texts that their widgets hold), each once; what is no proper model is left out.

    A node remembers models that it had once: only those count that one of its widgets names.
    """
    found: dict[str, Model] = {}
    for properties, texts in nodes:
        for raw in as_list(properties.get("models")):
            model = _model(as_dict(raw))
            if model and model.file in texts and len(found) < MOST:
                found.setdefault(model.path, model)
    return tuple(found.values())


def _model(raw: dict[str, Any]) -> Model | None:
    is_sha256 = as_text(raw.get("hash_type")).lower().replace("-", "") in ("", "sha256")
    digest = as_text(raw.get("hash")).lower() if is_sha256 else ""
    sha256 = digest if SHA256.fullmatch(digest) else ""
    try:
        return check_model(Model(as_text(raw.get("directory")), as_text(raw.get("name")), as_text(raw.get("url")), sha256))
    except BadInput:
        return None
