"""The rows of jobs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from viewcomfy.core.errors import BadInput, Conflict
from viewcomfy.core.jobs import Job, JobError, JobStatus, Manifest, Upload
from viewcomfy.core.keys import Key
from viewcomfy.core.outputs import Output
from viewcomfy.store import jobs as rows_of_jobs
from viewcomfy.store.jobs import Kept
from viewcomfy.store.store import Store

pytestmark = pytest.mark.anyio
WORKFLOW = {"6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["4", 1]}, "_meta": {"title": "Prompt"}}}


def job(number: int, **changes: object) -> Job:
    return replace(Job(f"job-{number}", "cats", 1, "vc_key", WORKFLOW, 1000.0 + number), **changes)  # type: ignore[arg-type]  # any field


async def finish(store: Store, prompt_id: str, *, now: float, outputs: tuple[Output, ...] = ()) -> None:
    claimed = await store.queue.claim("default", lambda lanes: (lanes[0], "w"), now=now, expires_at=now + 30)
    assert claimed == (prompt_id, 1)
    await store.queue.commit(prompt_id, 1, Manifest(JobStatus.SUCCEEDED, outputs, None, 1.5, 8.25), now=now)


async def test_a_job_comes_back_as_it_was_added(store: Store) -> None:
    upload = Upload("52", "image", "cat.png", "image/png", 12, "jobs/job-1/in/0")
    added = job(1, uploads=(upload,), pool="big", priority=0, affinity="sdxl", time_limit=60.0)
    await store.jobs.add(added)
    assert await store.jobs.get("job-1") == added


async def test_a_finished_job_has_its_outputs(store: Store) -> None:
    output = Output("cat.png", "image/png", 100, "jobs/job-1/out/1/cat.png", "9")
    await store.jobs.add(job(1))
    await finish(store, "job-1", now=2000.0, outputs=(output,))
    got = await store.jobs.get("job-1")
    assert got == job(
        1, status=JobStatus.SUCCEEDED, attempt=1, worker="w", started_at=2000.0, finished_at=2000.0, execution_time=1.5, cold_start=8.25,
        outputs=(output,),
    )  # fmt: skip
    assert (await store.jobs.page())[0] == [replace(got, workflow={})]


async def test_a_failed_job_has_its_error(store: Store) -> None:
    error = JobError("workflow_failed", "KSampler: no", {"node_id": "3"})
    await store.jobs.add(job(1))
    await store.queue.claim("default", lambda lanes: (lanes[0], "w"), now=1.0, expires_at=2.0)
    await store.queue.commit("job-1", 1, Manifest(JobStatus.FAILED, error=error), now=3.0)
    got = await store.jobs.get("job-1")
    assert got is not None
    assert got.error == error


async def test_an_unknown_job_is_none(store: Store) -> None:
    assert await store.jobs.get("nothing") is None


async def test_a_prompt_id_is_taken_once(store: Store) -> None:
    await store.jobs.add(job(1))
    with pytest.raises(Conflict):
        await store.jobs.add(job(1, deployment="dogs"))
    kept = await store.jobs.get("job-1")
    assert kept is not None
    assert kept.deployment == "cats"


@given(text=st.text(st.characters(codec=None, exclude_categories=()), max_size=30))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_text_of_a_caller_survives(store: Store, text: str) -> None:
    workflow = {"1": {"class_type": text, "inputs": {text: text}}}
    prompt_id = f"job-{text.encode('utf-8', 'surrogatepass').hex()}"
    if await store.jobs.get(prompt_id) is None:
        await store.jobs.add(replace(job(1), prompt_id=prompt_id, workflow=workflow))
    got = await store.jobs.get(prompt_id)
    assert got is not None
    assert got.workflow == workflow


async def test_pages_are_newest_first_and_light(store: Store) -> None:
    for number in range(5):
        await store.jobs.add(job(number))
    first, cursor = await store.jobs.page(limit=2)
    assert [item.prompt_id for item in first] == ["job-4", "job-3"]
    assert first[0] == job(4, workflow={})
    await store.jobs.add(job(9))  # newer jobs don't shift the pages that follow
    second, cursor = await store.jobs.page(limit=2, cursor=cursor)
    third, end = await store.jobs.page(limit=2, cursor=cursor)
    assert [item.prompt_id for item in second + third] == ["job-2", "job-1", "job-0"]
    assert end is None


async def test_a_full_last_page_has_no_cursor(store: Store) -> None:
    for number in range(2):
        await store.jobs.add(job(number))
    assert (await store.jobs.page(limit=2))[1] is None


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "١", "9" * 40])
async def test_a_cursor_that_is_not_one_is_bad_input(store: Store, cursor: str) -> None:
    with pytest.raises(BadInput):
        await store.jobs.page(cursor=cursor)


async def test_pages_can_be_filtered(store: Store) -> None:
    await store.jobs.add(job(1, key_id="a"))
    await store.jobs.add(job(2, key_id="b", deployment="dogs"))
    await store.jobs.add(job(3, key_id="a", deployment="dogs"))
    await finish(store, "job-1", now=2000.0)

    async def ids(**wanted: object) -> list[str]:
        return [item.prompt_id for item in (await store.jobs.page(**wanted))[0]]  # type: ignore[arg-type]  # any filter

    assert await ids(key_id="a") == ["job-3", "job-1"]
    assert await ids(deployment="dogs", key_id="a") == ["job-3"]
    assert await ids(statuses=[JobStatus.SUCCEEDED]) == ["job-1"]
    assert await ids(statuses=[JobStatus.SUCCEEDED, JobStatus.QUEUED]) == ["job-3", "job-2", "job-1"]
    assert await ids(statuses=[JobStatus.CANCELED, JobStatus.FAILED]) == []
    assert await ids(created_after=1002.0) == ["job-3", "job-2"]
    assert await ids(created_before=1002.0) == ["job-1"]
    assert await ids(key_id="nobody") == []


async def test_a_share_link_stands_for_its_visitors_where_that_is_asked_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_of_jobs, "STEP", 2)  # searched in several steps
    await store.keys.add(Key("link", "", "a link", 0.0, share=True))
    await store.keys.add(Key("lin", "", "an ordinary key", 0.0))
    for number, key_id in enumerate(("link~ann", "lin", "link", "linkage~x", "link~bob", "link~ann", "lin~not-one"), start=1):
        await store.jobs.add(job(number, key_id=key_id))

    async def numbers(key_id: str, **wanted: Any) -> list[int]:
        found, cursor = [], None
        while True:
            page, cursor = await store.jobs.page(key_id=key_id, cursor=cursor, limit=2, **wanted)
            found += [int(item.prompt_id.removeprefix("job-")) for item in page]
            if cursor is None:
                return found

    assert await numbers("link", visitors=True) == [6, 5, 3, 1]
    assert await numbers("link", visitors=True, created_before=1005.0) == [3, 1]
    assert await numbers("link") == [3]
    assert await numbers("link~ann") == [6, 1]
    assert await numbers("link~ann", visitors=True) == [6, 1]
    assert await numbers("lin", visitors=True) == [2], "it is no share link"
    assert await numbers("nobody", visitors=True) == []


async def test_jobs_are_counted_by_status(store: Store) -> None:
    await store.jobs.add(job(1))
    await finish(store, "job-1", now=2000.0)
    await store.jobs.add(job(2))
    counts = await store.jobs.counts()
    assert {status: number for status, number in counts.items() if number} == {JobStatus.SUCCEEDED: 1, JobStatus.QUEUED: 1}
    assert set(counts) == set(JobStatus)


async def test_retention_sees_finished_jobs_only_oldest_first(store: Store) -> None:
    output = Output("cat.png", "image/png", 100, "k")
    upload = Upload("52", "image", "cat.png", "image/png", 12, "k")
    for number, time in ((1, 3000.0), (2, 2000.0)):
        await store.jobs.add(job(number, uploads=(upload,)))
        await finish(store, f"job-{number}", now=time, outputs=(output, output))
    await store.jobs.add(job(3))
    assert await store.jobs.finished_before(2500.0) == ["job-2"]
    assert await store.jobs.finished_before(9000.0, limit=1) == ["job-2"]
    assert await store.jobs.oldest_finished() == [Kept("job-2", 2000.0, 212), Kept("job-1", 3000.0, 212)]
    await store.jobs.mark_files_removed(["job-2"], 4000.0)
    assert await store.jobs.oldest_finished() == [Kept("job-1", 3000.0, 212)]


async def test_finished_jobs_are_forgotten_with_their_events_and_others_stay(store: Store) -> None:
    from viewcomfy.core.events import Event, EventKind

    await store.jobs.add(job(1))
    await finish(store, "job-1", now=2000.0)
    await store.jobs.add(job(2))
    await store.events.append([("job-1", Event(EventKind.LOG, {"text": "x"}, 1.0, 1)), ("job-2", Event(EventKind.LOG, {}, 1.0, 1))])
    assert await store.jobs.forget(["job-1", "job-2", "nothing"]) == 1
    assert await store.jobs.get("job-1") is None
    assert await store.events.read("job-1") == []
    assert await store.jobs.get("job-2") is not None
    assert len(await store.events.read("job-2")) == 1
