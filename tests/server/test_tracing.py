"""Traces, as a collector gets them: from the request to each node."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.server.site_kit import open_site

pytestmark = pytest.mark.anyio

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


class Collector:
    """Listens as an OpenTelemetry collector does."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.services: set[str] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r")[0])
        body = await reader.readexactly(length)
        if "content-encoding: gzip" in head:
            body = gzip.decompress(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.services |= {one.value.string_value for one in resource.resource.attributes if one.key == "service.name"}
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


async def test_a_trace_leads_from_the_request_to_each_node(tmp_path: Path) -> None:
    collector = Collector()
    async with collector.listening() as url, open_site(tmp_path, otlp=url) as site:
        headers = {**site.key, "traceparent": f"00-{TRACE_ID}-b7ad6b7169203331-01"}
        answer = await site.http.post("/d/picture/infer", data={"params": '{"1-inputs-color": 1}'}, headers=headers)
        assert answer.status_code == 201
    spans = {span.name: span for span in collector.spans if span.trace_id.hex() == TRACE_ID}
    assert collector.services == {"viewcomfy server", "viewcomfy worker"}
    assert {"POST /d/{name}/infer", "job queued", "job attempt", "node EmptyImage", "node SaveImage"} <= spans.keys()
    assert spans["job attempt"].parent_span_id == spans["POST /d/{name}/infer"].span_id
    assert spans["node EmptyImage"].parent_span_id == spans["job attempt"].span_id
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in spans.values())
    assert not any("picture/" in str(span) or site.key["client_secret"] in str(span) for span in collector.spans)
