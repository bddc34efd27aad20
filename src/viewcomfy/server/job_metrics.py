"""Metrics of jobs: what waits and what became of those that ended, by pool, and for who may know their names by deployment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from viewcomfy.core.backlog import Backlog
from viewcomfy.core.jobs import Job

SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
FREE = ("pool",)
NAMED = ("pool", "deployment")


class JobMetrics:
    """The numbers of jobs in a registry, by these labels."""

    def __init__(self, registry: CollectorRegistry, labels: Sequence[str]) -> None:
        self._labels = labels

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"viewcomfy_{name}", text, labels, registry=registry)

        def counter(name: str, text: str, *more: str) -> Counter:
            return Counter(f"viewcomfy_{name}", text, [*labels, *more], registry=registry)

        def histogram(name: str, text: str) -> Histogram:
            return Histogram(f"viewcomfy_{name}", text, labels, registry=registry, buckets=SECONDS)

        self._queued = gauge("queue_jobs", "Jobs that wait.")
        self._running = gauge("running_jobs", "Jobs that run.")
        self._oldest = gauge("queue_oldest_seconds", "How long the job that waits longest has waited.")
        self._ended = counter("jobs_ended", "Jobs that ended.", "status")
        self._attempts = counter("job_attempts", "Attempts at the jobs that ended.")
        self._bytes = counter("job_bytes", "Bytes of the files of jobs that ended.", "direction")
        self._wait = histogram("job_wait_seconds", "Seconds from accepted to claimed, of the attempt that ended the job.")
        self._cold = histogram("job_cold_start_seconds", "Seconds that a job waited for a ComfyUI that had to be started.")
        self._run = histogram("job_run_seconds", "Seconds that ComfyUI worked on a job.")

    def show(self, backlogs: Iterable[Backlog], now: float) -> None:
        """Set what waits and runs at a Unix time."""
        for gauge in (self._queued, self._running, self._oldest):
            gauge.clear()
        waits: dict[tuple[str, ...], float] = {}
        for one in backlogs:
            values = self._values(one.pool, one.deployment)
            self._queued.labels(*values).inc(one.queued)
            self._running.labels(*values).inc(one.running)
            waits[values] = max(waits.get(values, 0.0), 0.0 if one.oldest is None else now - one.oldest)
        for values, wait in waits.items():
            self._oldest.labels(*values).set(wait)

    def count(self, job: Job) -> None:
        """Count a job that has ended."""
        values = self._values(job.pool, job.deployment)
        self._ended.labels(*values, job.status.value).inc()
        self._attempts.labels(*values).inc(job.attempt)
        self._bytes.labels(*values, "in").inc(sum(upload.size for upload in job.uploads))
        self._bytes.labels(*values, "out").inc(sum(output.size for output in job.outputs))
        if job.started_at is not None:
            self._wait.labels(*values).observe(max(0.0, job.started_at - job.created_at))
        if job.cold_start is not None:
            self._cold.labels(*values).observe(job.cold_start)
        if job.execution_time:
            self._run.labels(*values).observe(job.execution_time)

    def _values(self, pool: str, deployment: str) -> tuple[str, ...]:
        return (pool, deployment)[: len(self._labels)]
