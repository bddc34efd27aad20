"""A sent workflow: what a deploy brings, as a workflow of any format or as an app file with one, read into the API format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from viewcomfy.core.app_file import App, read_app_file
from viewcomfy.core.editor.format import is_editor_workflow
from viewcomfy.core.errors import BadInput
from viewcomfy.core.models import Model, add_models, as_kept
from viewcomfy.service.conversions import Conversions

_API = "workflowApiJSON"


@dataclass(frozen=True, slots=True)
class SentWorkflow:
    """A workflow in the API format, the app that it came in, if any, and the models that it names."""

    workflow: dict[str, Any]
    app: App | None = None
    models: tuple[Model, ...] = ()

    def with_models(self, models: Iterable[Model]) -> tuple[Model, ...]:
        """Return models, and those that the workflow names beside them, without what is secret in their URLs."""
        return add_models(models, map(as_kept, self.models))


def is_to_be_converted(workflow: Any, app_file: Any) -> bool:
    """Tell whether what was sent can be read only with what a backend says of its node classes."""
    return is_editor_workflow(workflow) or is_editor_workflow(_in_app(app_file))


async def read_sent(
    conversions: Conversions, workflow: Any, app_file: Any, *, patience: float | None = None, environment: str | None = None
) -> SentWorkflow:
    """Return what was sent: either a workflow or an app file; `patience` and `environment` are those of `Conversions.api_of`.

    Raises BadInput where it is both, none, or no app file, and InvalidWorkflow and its kinds.
    """
    if (workflow is None) == (app_file is None):
        raise BadInput("Send either a workflow_api or an app_file.", hint="The workflow is what ComfyUI saves, in either of its formats.")
    if app_file is None:
        made = await conversions.api_of(workflow, patience=patience, environment=environment)
        return SentWorkflow(made.workflow_api, None, made.models)
    inner = _in_app(app_file)
    models: tuple[Model, ...] = ()
    if is_editor_workflow(inner):
        made = await conversions.api_of(inner, f"The app file's {_API}", patience=patience, environment=environment)
        app_file, models = _with_workflow(app_file, made.workflow_api), made.models
    app = _app_of(app_file)
    return SentWorkflow(app.workflow, app, models)


def _in_app(app_file: Any) -> Any:
    """Return the workflow of an app file with one."""
    entries = app_file.get("workflows") if isinstance(app_file, Mapping) else None
    return entries[0].get(_API) if isinstance(entries, list) and len(entries) == 1 and isinstance(entries[0], Mapping) else None


def _with_workflow(app_file: Mapping[str, Any], workflow: Mapping[str, Any]) -> dict[str, Any]:
    return {**app_file, "workflows": [{**app_file["workflows"][0], _API: workflow}]}


def _app_of(app_file: Any) -> App:
    apps = read_app_file(app_file)
    if len(apps) > 1:
        titles = ", ".join(repr(app.title[:80]) for app in apps[:10])
        raise BadInput(
            f"The app file has {len(apps)} workflows: {titles}.", hint="Deploy them one by one; `viewcomfy deploy --workflow` picks one."
        )
    return apps[0]
