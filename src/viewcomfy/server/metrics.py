"""Metrics for Prometheus: what is asked over HTTP, what waits and has ended, what is there to run it. Never the name of a key."""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from viewcomfy.core.backlog import Backlog
from viewcomfy.core.jobs import Job
from viewcomfy.engine.base import WorkerInfo
from viewcomfy.server.errors import route_of
from viewcomfy.server.job_metrics import FREE, NAMED, JobMetrics

SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)


class Metrics:
    """The numbers of one app, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter("viewcomfy_http_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry)
        self._seconds = Histogram(
            "viewcomfy_http_request_seconds", "Seconds from request to end of answer.", ["route"], registry=self._registry, buckets=SECONDS
        )
        self._free, self._named = CollectorRegistry(), CollectorRegistry()  # the same names with other labels
        self._job_metrics = (JobMetrics(self._free, FREE), JobMetrics(self._named, NAMED))
        self._queued = Gauge("viewcomfy_jobs_queued", "Jobs that wait.", registry=self._registry)
        self._jobs = Gauge("viewcomfy_jobs", "Jobs that are kept, by status.", ["status"], registry=self._registry)
        self._workers = Gauge("viewcomfy_workers", "Workers that are there.", ["pool"], registry=self._registry)
        self._backends = Gauge("viewcomfy_backends", "Backends by state.", ["state"], registry=self._registry)
        self._starts = Gauge("viewcomfy_backend_starts", "Cold starts of the backends that are there.", registry=self._registry)

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that has been answered."""
        self._requests.labels(method, route, str(status or "none")).inc()
        self._seconds.labels(route).observe(seconds)

    def take_jobs(self, backlog: Sequence[Backlog], ended: Iterable[Job]) -> None:
        """Take in what waits and runs now, and jobs that have ended."""
        for job in ended:
            for metrics in self._job_metrics:
                metrics.count(job)
        for metrics in self._job_metrics:
            metrics.show(backlog, time.time())

    def text(self, workers: Sequence[WorkerInfo], queued: int, jobs: Mapping[str, int], *, named: bool) -> bytes:
        """Return everything in Prometheus' text format; `named`: the numbers of jobs by deployment instead of by pool alone."""
        backends = [backend for worker in workers for backend in worker.backends]
        self._queued.set(queued)
        for status, number in jobs.items():
            self._jobs.labels(status).set(number)
        self._workers.clear()
        for pool, number in Tally(worker.pool for worker in workers).items():
            self._workers.labels(pool).set(number)
        self._backends.clear()
        for state, number in Tally(str(backend.get("state", "unknown")) for backend in backends).items():
            self._backends.labels(state).set(number)
        self._starts.set(sum(int(backend.get("starts", 0)) for backend in backends))
        return generate_latest(self._registry) + generate_latest(self._named if named else self._free)


class MetricsLayer:
    """ASGI middleware that counts requests."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count it when it has ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 0, time.perf_counter()

        async def watched_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        finally:
            self._metrics.count_request(_method(scope), route_of(scope), status, time.perf_counter() - began)


def _method(scope: Scope) -> str:
    """Return the method, or one word for all made-up ones: a label must not grow without end."""
    method: str = scope["method"]
    return method if method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH") else "OTHER"
