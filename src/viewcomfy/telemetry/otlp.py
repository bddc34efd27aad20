"""Send spans to an OpenTelemetry collector, over HTTP."""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from viewcomfy.core.tracing import Attribute, Span

NANOSECONDS = 1_000_000_000
_HEADER = "traceparent"
_propagator = TraceContextTextMapPropagator()


class OtlpTracer:
    """Collects spans and sends them in batches to `<endpoint>/v1/traces`; nothing waits for it, and what can't be sent is dropped."""

    def __init__(self, endpoint: str, service: str, exporter: SpanExporter | None = None) -> None:
        self._provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
        exporter = exporter or OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=5)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("viewcomfy")

    def begin(self, name: str, parent: str = "", *, at: float | None = None, is_request: bool = False, **attributes: Attribute) -> Span:
        """Begin a span; see the protocol."""
        context = _propagator.extract({_HEADER: parent}) if parent else trace.set_span_in_context(trace.INVALID_SPAN)
        span = self._tracer.start_span(
            name, context, SpanKind.SERVER if is_request else SpanKind.INTERNAL, _dotted(attributes), start_time=_nanoseconds(at)
        )
        return _OtlpSpan(span)

    def close(self) -> None:
        """Send what is left; blocks for some seconds at most."""
        self._provider.shutdown()


class _OtlpSpan:
    """A span of OpenTelemetry under our names."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    def traceparent(self) -> str:
        carrier: dict[str, str] = {}
        _propagator.inject(carrier, trace.set_span_in_context(self._span))
        return carrier.get(_HEADER, "")

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def set(self, **attributes: Attribute) -> None:
        self._span.set_attributes(_dotted(attributes))

    def fail(self, message: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR, message))

    def end(self, at: float | None = None) -> None:
        self._span.end(_nanoseconds(at))


def _dotted(attributes: dict[str, Attribute]) -> dict[str, Attribute]:
    return {name.replace("_", "."): value for name, value in attributes.items()}


def _nanoseconds(at: float | None) -> int | None:
    return None if at is None else round(at * NANOSECONDS)
