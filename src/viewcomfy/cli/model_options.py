"""The models of a deployment on the command line, and having them fetched before it is deployed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viewcomfy.core.errors import BadInput, FetchFailed, UnknownDeployment
from viewcomfy.core.models import Model, add_models, as_kept, check_model, check_models

if TYPE_CHECKING:
    from viewcomfy.cli.source import Source
    from viewcomfy.client.client import Client
    from viewcomfy.wire.models import FetchOut

LOOK_SECONDS = 0.5

ModelOptions = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="FOLDER/FILE=URL", help="A model that it needs; #sha256=… after the URL is its hash. May be repeated."),
]
ModelsFile = Annotated[
    Path | None, typer.Option("--models", metavar="FILE", help="Its models: a JSON list of objects with folder, file, url, sha256.")
]
FetchOption = Annotated[
    bool, typer.Option("--fetch", metavar="", help="Have the workers fetch the models that they don't have, and then deploy it.")
]
AllowPickle = Annotated[
    bool, typer.Option("--allow-pickle", metavar="", help="Fetch also a .ckpt, .pt, .pth or .bin, which can run code when it is loaded.")
]


def read_models(options: Sequence[str] | None, file: Path | None) -> list[Model] | None:
    """Return the models that were named, None where none were. Raises BadInput, InvalidJson."""
    if options is None and file is None:
        return None
    return list(check_models([*map(_from_option, options or []), *(_from_file(file) if file else [])]))


def for_deployment(models: Sequence[Model] | None) -> list[dict[str, str]] | None:
    """Return models as a deployment keeps them: without what is secret in their URLs."""
    return None if models is None else [as_kept(model).as_dict() for model in models]


def fetch_first(client: Client, name: str, source: Source, named: Sequence[Model] | None, pool: str | None, *, allow_pickle: bool) -> None:
    """Have the workers of a deployment's pool fetch its models, with the progress on stderr.

    They are those that were named, else those of the version before, and those that an editor's workflow names. Raises FetchFailed.
    """
    before = _version_before(client, name)
    known = [Model(**model.model_dump()) for model in before.models] if before and named is None else list(named or [])
    wanted = [model for model in add_models(known, _of_workflow(client, source)) if model.url]
    if not wanted:
        raise BadInput(
            "Nobody has said where the models of this deployment can be had.",
            hint="Name them: --model checkpoints/base.safetensors=https://…",
        )
    fetch_all(client, wanted, pool or (before.pool if before else "default"), allow_pickle=allow_pickle)


def fetch_all(client: Client, models: Sequence[Model], pool: str, *, allow_pickle: bool) -> None:
    """Return once every worker of a pool has the models. Raises FetchFailed, which names those that could not be fetched, and why."""
    from viewcomfy.cli.fetch_view import bars

    rows = [model.as_dict() for model in models]
    with bars() as show:
        found = client.fetch_models(rows, pool=pool, retry=True, allow_pickle=allow_pickle)
        while not found.done:
            for worker in found.workers:
                for model in worker.models:
                    if model.state == "fetching":
                        show(_label(found, worker.worker, f"{model.folder}/{model.file}"), model.received, model.size, "fetching")
            time.sleep(LOOK_SECONDS)
            found = client.fetch_models(rows, pool=pool, allow_pickle=allow_pickle)
    problems = [
        {"worker": worker.worker, "model": f"{model.folder}/{model.file}", "message": f"{model.folder}/{model.file}: {model.error}"}
        for worker in found.workers
        for model in worker.models
        if model.state == "failed"
    ]
    if problems:
        raise FetchFailed(str(problems[0]["message"]), problems=problems, hint="Nothing was deployed.")


def _label(found: FetchOut, worker: str, path: str) -> str:
    return path if len(found.workers) == 1 else f"{path} on {worker}"


def _version_before(client: Client, name: str) -> Any:
    try:
        return next((one for one in client.deployments() if one.name == name), None)
    except UnknownDeployment:
        return None


def _of_workflow(client: Client, source: Source) -> list[Model]:
    """Return the models that an editor's workflow names."""
    from viewcomfy.core.editor.format import is_editor_workflow

    if source.workflow is None or not is_editor_workflow(source.workflow):
        return []
    return [Model(**model.model_dump()) for model in client.convert(source.workflow).models]


def _from_option(text: str) -> Model:
    """Return a model of `checkpoints/base.safetensors=https://…#sha256=…`."""
    path, equals, url = text.partition("=")
    folder, slash, file = path.partition("/")
    if not equals or not slash:
        raise BadInput(f"{path[:80]!r} names no model.", hint="Write --model checkpoints/base.safetensors=https://host/base.safetensors.")
    url, _, fragment = url.partition("#")
    if fragment and not fragment.startswith("sha256="):
        raise BadInput(f"#{fragment[:40]} after the URL of {path} is not understood.", hint="Only #sha256=… may stand there.")
    return check_model(Model(folder, file, url, fragment.removeprefix("sha256=")))


def _from_file(file: Path) -> list[Model]:
    from viewcomfy.cli.values import read_file
    from viewcomfy.core.workflows import read_json

    found = read_json(read_file(file), str(file))
    rows = found.get("models") if isinstance(found, dict) else found
    if not isinstance(rows, list) or not all(_is_model(row) for row in rows):
        raise BadInput(
            f"{file} is no list of models.",
            hint='For example [{"folder": "checkpoints", "file": "base.safetensors", "url": "https://…", "sha256": "…"}].',
        )
    return [Model.from_dict(row) for row in rows]


def _is_model(row: Any) -> bool:
    known = {"folder", "file", "url", "sha256"}
    return isinstance(row, dict) and {"folder", "file"} <= row.keys() <= known and all(isinstance(value, str) for value in row.values())
