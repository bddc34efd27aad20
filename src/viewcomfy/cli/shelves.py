"""Shelves of models, put together from settings: with the tokens and the bounds that these name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from viewcomfy.models.shelf import Shelf
from viewcomfy.models.tokens import Tokens

if TYPE_CHECKING:
    from viewcomfy.comfy.process import Launch
    from viewcomfy.settings import WorkerSettings


def tokens_of(settings: WorkerSettings) -> Tokens:
    """Return the tokens that settings name. Raises BadInput for a list of them that can't be understood."""
    found = (settings.hf_token, settings.civitai_token, settings.model_tokens)
    return Tokens.gather(*(secret.get_secret_value() if secret else "" for secret in found))


def shelves(settings: WorkerSettings) -> Callable[[Launch], Shelf]:
    """Return what makes the shelf of the installation that a ComfyUI is started from."""
    tokens, limit = tokens_of(settings), settings.model_cache
    return lambda launch: Shelf(launch.installation, extra_args=launch.extra_args, tokens=tokens, limit=limit)
