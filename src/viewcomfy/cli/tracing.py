"""Who collects traces, if the settings name anybody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from viewcomfy.core.errors import MissingExtra
from viewcomfy.core.tracing import Tracer
from viewcomfy.settings import WorkerSettings


@asynccontextmanager
async def collected_traces(settings: WorkerSettings, service: str) -> AsyncIterator[Tracer | None]:
    """Yield what sends the traces of a process, None where nobody wants them; at the end the last of them are sent."""
    if settings.otlp is None:
        yield None
        return
    try:
        from viewcomfy.telemetry.otlp import OtlpTracer
    except ModuleNotFoundError as missing:
        raise MissingExtra("Traces need OpenTelemetry, which is not installed.", hint="Type: pip install 'viewcomfy[otel]'") from missing
    tracer = OtlpTracer(settings.otlp, service)
    try:
        yield tracer
    finally:
        await asyncio.to_thread(tracer.close)  # it may wait for the collector
