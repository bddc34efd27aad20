"""Jobs and how they may change."""

from __future__ import annotations

import pytest

from viewcomfy.core.jobs import TRANSITIONS, JobError, JobStatus, may_become


def test_every_status_has_its_transitions() -> None:
    assert set(TRANSITIONS) == set(JobStatus)


def test_a_finished_job_stays_finished() -> None:
    finals = {JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELED}
    assert {status for status in JobStatus if status.is_final} == finals
    assert not any(may_become(now, then) for now in finals for then in JobStatus)


def test_every_unfinished_job_can_be_canceled_and_fail() -> None:
    for status in (JobStatus.QUEUED, JobStatus.RUNNING):
        assert may_become(status, JobStatus.CANCELED)
        assert may_become(status, JobStatus.FAILED)


def test_only_a_running_job_can_succeed() -> None:
    assert [status for status in JobStatus if may_become(status, JobStatus.SUCCEEDED)] == [JobStatus.RUNNING]


def test_a_lost_job_may_run_again() -> None:
    assert may_become(JobStatus.RUNNING, JobStatus.QUEUED)


@pytest.mark.parametrize("status", JobStatus)
def test_no_status_becomes_itself(status: JobStatus) -> None:
    assert not may_become(status, status)


def test_an_error_without_details_says_none() -> None:
    assert JobError("canceled", "Enough.").as_dict() == {"code": "canceled", "message": "Enough."}
    assert JobError("workflow_failed", "No.", {"node_id": "3"}).as_dict()["details"] == {"node_id": "3"}
