"""Spans as OpenTelemetry gets them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from viewcomfy.telemetry.otlp import OtlpTracer

CALLERS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def sent() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(sent: InMemorySpanExporter) -> Iterator[OtlpTracer]:
    made = OtlpTracer("http://127.0.0.1:1", "tests", sent)
    yield made
    made.close()


def test_a_span_goes_on_with_the_trace_of_the_caller(tracer: OtlpTracer, sent: InMemorySpanExporter) -> None:
    request = tracer.begin("POST", CALLERS, is_request=True)
    tracer.begin("node KSampler", request.traceparent, node_id="7").end()
    request.rename("POST /d/{name}/run")
    request.end()
    tracer.close()
    node, whole = sent.get_finished_spans()
    assert (node.name, whole.name) == ("node KSampler", "POST /d/{name}/run")
    assert node.context
    assert node.parent
    assert whole.context
    assert whole.parent
    assert f"{whole.context.trace_id:032x}" == CALLERS.split("-")[1]
    assert f"{whole.parent.span_id:016x}" == CALLERS.split("-")[2]
    assert node.parent.span_id == whole.context.span_id
    assert whole.kind is SpanKind.SERVER
    assert node.attributes == {"node.id": "7"}


def test_a_span_without_a_parent_begins_a_trace(tracer: OtlpTracer, sent: InMemorySpanExporter) -> None:
    for parent in ("", "not a traceparent", "00-zz-zz-01"):
        tracer.begin("job", parent).end()
    tracer.close()
    spans = sent.get_finished_spans()
    assert all(span.parent is None for span in spans)
    assert len({span.context.trace_id for span in spans if span.context}) == 3


def test_a_span_has_the_times_that_it_is_given_and_tells_a_failure(tracer: OtlpTracer, sent: InMemorySpanExporter) -> None:
    span = tracer.begin("job queued", at=1000.25)
    span.fail("the worker was lost")
    span.end(at=1002.5)
    tracer.close()
    (queued,) = sent.get_finished_spans()
    assert (queued.start_time, queued.end_time) == (1_000_250_000_000, 1_002_500_000_000)
    assert queued.status.status_code is StatusCode.ERROR
    assert queued.status.description == "the worker was lost"


def test_a_collector_that_cannot_be_reached_stops_nobody() -> None:
    tracer = OtlpTracer("http://127.0.0.1:1", "tests")
    tracer.begin("job").end()
    tracer.close()
