"""What travels over NATS arrives as it was sent: errors by their codes, long messages in parts, odd ones refused."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.errors import BadInput, NotManaged, ServerUnavailable, StaleLease, TooLarge, ViewComfyError
from viewcomfy.core.jobs import Job, JobError, JobStatus, Manifest, Upload
from viewcomfy.core.outputs import Output
from viewcomfy.engine.base import Claimer, Lease, Ticket
from viewcomfy.engine.nats.envelope import MAX_BYTES, answer_of, packed, result_of, unpacked
from viewcomfy.engine.nats.parts import KEPT_BYTES, Parts, read_header, split
from viewcomfy.engine.nats.shapes import (
    claimer_of,
    job_of,
    lease_of,
    manifest_of,
    of_claimer,
    of_job,
    of_lease,
    of_manifest,
    of_ticket,
    ticket_of,
)
from viewcomfy.engine.nats.subjects import text_of, token

ERROR = JobError("out_of_memory", "It was too large.", {"node": "3"})


@given(st.dictionaries(st.text(), st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3000), st.lists(st.text()))))
def test_objects_arrive_as_they_were(body: dict[str, object]) -> None:
    assert unpacked(packed(body)) == body
    assert result_of(answer_of(body)) == body


def test_errors_are_raised_as_the_class_of_their_code() -> None:
    fault = NotManaged("It is not ours.", hint="Ask.", problems=[{"input": "a"}], details={"backend": "b"}, retry_after=2.0)
    with pytest.raises(NotManaged) as caught:
        result_of(answer_of(fault))
    assert vars(caught.value) == vars(fault)
    with pytest.raises(StaleLease):
        result_of(answer_of(StaleLease("Gone.")))
    with pytest.raises(ViewComfyError):
        result_of(b'{"error":{"code":"from_a_newer_server","message":"?"}}')


@pytest.mark.parametrize("data", [b"", b"nonsense", b"{", b"[]", zlib.compress(b"[1]"), zlib.compress(b" " * (MAX_BYTES + 1) + b"{}")])
def test_what_can_not_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(ServerUnavailable):
        unpacked(data)


def test_shapes_arrive_as_they_were() -> None:
    claimer = Claimer("w", "big", frozenset({"sdxl"}), frozenset({"flux+x"}), 1, 0.5, "abc", 24.0, "env-0123456789ab", True)
    lease = Lease("a", 3, "w", 12.5, "big")
    ticket = Ticket("a", 1.5, "big", 0, "key", "sdxl")
    outputs = (Output("cat.png", "image/png", 3, "jobs/a/out-1-cat.png", "9"),)
    manifest = Manifest(JobStatus.FAILED, outputs, ERROR, 2.5, 1.0)
    upload = Upload("1", "image", "in.png", "image/png", 3, "jobs/a/in-1-in.png")
    job = Job("a", "cats", 2, "key", {"1": {"class_type": "X"}}, 1.0, (upload,), JobStatus.RUNNING, "big", outputs=outputs, error=ERROR)
    assert claimer_of(unpacked(packed(of_claimer(claimer))), "big") == claimer
    assert lease_of(unpacked(packed(of_lease(lease))), "big") == lease
    assert ticket_of(unpacked(packed(of_ticket(ticket)))) == ticket
    assert manifest_of(unpacked(packed(of_manifest(manifest)))) == manifest
    assert job_of(unpacked(packed(of_job(job)))) == job


def test_what_a_newer_version_adds_is_left_out_and_what_is_missing_refused() -> None:
    lease = Lease("a", 1, "w", 2.0)
    assert lease_of({**of_lease(lease), "weight": 3}, "default") == lease
    with pytest.raises(BadInput):
        lease_of({"prompt_id": "a"}, "default")


def test_a_worker_that_knows_of_no_environments_goes_on() -> None:
    told = of_claimer(Claimer("w", memory=24.0))
    del told["environment"], told["aside"]
    assert claimer_of(told, "default") == Claimer("w", memory=24.0)


def test_the_pool_of_a_lease_is_that_of_the_subject() -> None:
    assert lease_of(of_lease(Lease("a", 1, "w", 2.0, "big")), "small").pool == "small"
    assert claimer_of(of_claimer(Claimer("w", "big")), "small").pool == "small"


@given(st.text())
def test_a_token_stands_for_its_text(text: str) -> None:
    made = token(text)
    assert text_of(made) == text
    assert not set(made) & set(".*> \t\r\n")


def test_long_messages_go_in_parts_and_too_long_ones_do_not_go() -> None:
    data = bytes(range(256)) * 40
    parts = split(data, 5000)
    assert len(parts) > 1
    kept = Parts()
    for index, part in enumerate(parts):
        kept.put("m", index, part)
    assert kept.whole("m", len(parts)) == data
    with pytest.raises(ServerUnavailable):
        kept.whole("m", len(parts))
    with pytest.raises(TooLarge):
        split(b"x" * 300 * 1000, 5000)


def test_parts_that_nobody_asks_for_make_room() -> None:
    now = [0.0]
    kept = Parts(lambda: now[0])
    kept.put("old", 0, b"x")
    now[0] += 61
    kept.put("new", 0, b"y")
    with pytest.raises(ServerUnavailable):
        kept.get("old", 0)
    kept.put("large", 0, bytes(KEPT_BYTES - 1))
    kept.put("one more", 0, b"zz")
    with pytest.raises(ServerUnavailable):
        kept.get("large", 0)
    assert kept.get("one more", 0) == b"zz"


@pytest.mark.parametrize("text", ["a", "a/b/c", "a/3/2", "a/0/9999", "a/-1/2"])
def test_a_header_that_can_not_be_read_is_refused(text: str) -> None:
    assert read_header(None) is None
    with pytest.raises(ServerUnavailable):
        read_header({"Viewcomfy-Part": text})
