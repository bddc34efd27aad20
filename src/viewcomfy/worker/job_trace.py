"""The trace of one attempt at a job: how long it waited, what was started for it, and each node that ran."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from viewcomfy.comfy.messages import Executing, JobMessage
from viewcomfy.core.jobs import Job
from viewcomfy.core.tracing import Span, Tracer
from viewcomfy.core.workflows import node_title


class JobTrace:
    """Spans of an attempt, below the request that the job came with, while the context lasts."""

    def __init__(self, tracer: Tracer, job: Job, attempt: int, backend: str) -> None:
        self._tracer = tracer
        self._workflow = job.workflow
        self._attempt = tracer.begin(
            "job attempt", job.trace, prompt_id=job.prompt_id, deployment=job.deployment, attempt=attempt, backend=backend
        )
        if attempt == 1:
            tracer.begin("job queued", job.trace, at=job.created_at, pool=job.pool).end()
        self._stage: Span | None = None

    def enter(self, stage: str) -> None:
        """Begin the next stage of the attempt, such as the start of a ComfyUI."""
        self._next(self._tracer.begin(stage, self._attempt.traceparent))

    def take(self, message: JobMessage) -> None:
        """Take in what ComfyUI says: a node that begins ends the one before."""
        if isinstance(message, Executing):
            node = self._workflow.get(message.display_id)
            name = node_title(node) if isinstance(node, dict) and "class_type" in node else message.display_id
            span = self._tracer.begin(f"node {name}", self._attempt.traceparent, node_id=message.node_id)
            if isinstance(node, dict):
                span.set(class_type=str(node.get("class_type", "")))
            self._next(span)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        """End the attempt, and the stage that it is in."""
        if fault is not None:
            for span in filter(None, (self._stage, self._attempt)):
                span.fail(str(fault) or type(fault).__name__)
        self._next(None)
        self._attempt.end()

    def _next(self, span: Span | None) -> None:
        if self._stage is not None:
            self._stage.end()
        self._stage = span
