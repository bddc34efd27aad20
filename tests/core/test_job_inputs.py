"""What went into a job, as its deployment names it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.declared import an_input
from viewcomfy.core.inputs import InputKind
from viewcomfy.core.job_inputs import job_inputs, kept_filename, sent_filename
from viewcomfy.core.jobs import Job, Upload

ID = "3f0f5b52-4d40-4b0a-8f4b-0d6f0c1d2e3f"
PROMPT = an_input("6-inputs-text", name="prompt", class_type="CLIPTextEncode")
IMAGE = an_input("5-inputs-image", name="photo", kind=InputKind.IMAGE, class_type="LoadImage")
HIDDEN = an_input("3-inputs-steps", name="steps", kind=InputKind.INTEGER, class_type="KSampler", hidden=True)
LOCKED = an_input("3-inputs-cfg", name="cfg", kind=InputKind.NUMBER, class_type="KSampler", locked=True)
SIZES = an_input("3-inputs-sizes", name="sizes", kind=InputKind.ANY, class_type="KSampler")
DECLARED = (PROMPT, IMAGE, HIDDEN, LOCKED, SIZES)
PHOTO = Upload("5", "image", f"{ID}-0-my-photo.png", "image/png", 12, "jobs/x/in/y/z")


def job(*uploads: Upload, **nodes: Any) -> Job:
    workflow = {
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["4", 1]}},
        "5": {"class_type": "LoadImage", "inputs": {"image": uploads[0].filename if uploads else "example.png"}},
        "3": {"class_type": "KSampler", "inputs": {"steps": 20, "cfg": 7.5, "sizes": {"__value__": [1, 2]}}},
        **nodes,
    }
    return Job(ID, "cats", 1, "key", workflow, 0.0, uploads=uploads)


def test_values_are_found_by_the_names_of_the_inputs() -> None:
    seen = job_inputs(job(), DECLARED)
    assert seen.values == {"prompt": "a cat", "photo": "example.png", "steps": 20, "cfg": 7.5, "sizes": [1, 2]}
    assert seen.uploads == ()
    assert seen.workflow == job().workflow


def test_an_upload_has_the_name_that_it_came_with() -> None:
    seen = job_inputs(job(PHOTO), DECLARED)
    assert seen.values["photo"] == "my-photo.png"
    [sent] = seen.uploads
    assert (sent.name, sent.filename, sent.upload) == ("photo", "my-photo.png", PHOTO)


def test_an_upload_for_what_nobody_declared_goes_by_its_param_key() -> None:
    seen = job_inputs(job(PHOTO), [PROMPT])
    assert seen.values == {"prompt": "a cat"}
    assert [sent.name for sent in seen.uploads] == ["5-inputs-image"]


def test_inputs_that_the_jobs_own_workflow_lacks_are_left_out() -> None:
    own = job(**{"6": {"class_type": "Other", "inputs": {"text": "x"}}, "5": {"class_type": "LoadImage", "inputs": {"image": ["8", 0]}}})
    assert job_inputs(own, DECLARED).values.keys() == {"steps", "cfg", "sizes"}
    assert job_inputs(Job(ID, "cats", 1, "key", {}, 0.0), DECLARED).values == {}


def test_who_may_not_know_how_it_is_made_sees_only_the_inputs_of_the_form() -> None:
    seen = job_inputs(job(PHOTO), [*DECLARED[:1], *DECLARED[2:]], whole=False)
    assert seen.values == {"prompt": "a cat", "sizes": [1, 2]}
    assert (seen.workflow, seen.uploads) == ({}, ())
    assert job_inputs(job(PHOTO), DECLARED, whole=False).uploads[0].name == "photo"


@pytest.mark.parametrize("name", ["cat.png", "1-2-3.png", "-.png", "猫.png", f"{ID}-0-cat.png", "no-suffix"])
def test_the_kept_name_of_an_upload_holds_its_own(name: str) -> None:
    kept = kept_filename(ID, 12, name)
    assert kept.startswith(ID)
    assert sent_filename(Upload("5", "image", kept, "", 0, ""), ID) == name


def test_a_name_that_was_not_made_by_us_stays_as_it_is() -> None:
    assert sent_filename(Upload("5", "image", "cat-1.png", "", 0, ""), ID) == "cat-1.png"
