"""Failures: what ComfyUI found wrong is told by our names, with the node and the input."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.comfy.failures import broke_the_device, failure, node_rejection, rejection
from viewcomfy.comfy.messages import Failed
from viewcomfy.core.errors import DiskFull, InvalidUpload, MissingModel, OutOfMemory, UnknownNodeClass, WorkflowFailed, WorkflowRejected


def fault(kind: str, name: str, value: Any, details: str = "…", class_type: str = "Node") -> dict[str, Any]:
    error = {"type": kind, "message": "Wrong", "details": details, "extra_info": {"input_name": name, "received_value": value}}
    return {"errors": [error], "dependent_outputs": ["9"], "class_type": class_type}


def test_an_unknown_class_is_named_with_its_node() -> None:
    body = {"error": {"type": "invalid_prompt", "message": "Cannot execute because node Foo does not exist.", "details": "Node ID '#3'"}}
    error = rejection(json.dumps({**body, "node_errors": {}}).encode())
    assert type(error) is UnknownNodeClass
    assert "'Foo'" in error.message
    assert error.problems[0]["node_id"] == "3"
    assert error.problems[0]["class_type"] == "Foo"


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("ckpt_name", "a.safetensors", MissingModel),
        ("ckpt_name", "a", MissingModel),
        ("model", "sub/b.gguf", MissingModel),
        ("sampler_name", "eular", WorkflowRejected),
        ("crop", "middle", WorkflowRejected),
    ],
)
def test_a_choice_that_is_not_there_is_a_model_where_it_looks_like_one(name: str, value: str, kind: type[Exception]) -> None:
    error = node_rejection({"4": fault("value_not_in_list", name, value)})
    assert type(error) is kind
    assert error.problems == [{"node_id": "4", "class_type": "Node", "input": name, "message": "Wrong: …"}]


def test_a_file_that_cannot_be_read_is_an_invalid_upload() -> None:
    error = node_rejection({"5": fault("custom_validation_failed", "image", None, "image - Invalid image file: x.png", "LoadImage")})
    assert type(error) is InvalidUpload
    assert error.hint == "Send a file for '5-inputs-image'."


def test_several_faults_are_all_listed() -> None:
    error = node_rejection({"4": fault("value_smaller_than_min", "steps", 0), "5": fault("required_input_missing", "image", None)})
    assert type(error) is WorkflowRejected
    assert [problem["node_id"] for problem in error.problems] == ["4", "5"]
    assert error.message == "ComfyUI refused the workflow: Node (node 4): Wrong: … (1 more)"


def test_a_refusal_without_a_node_keeps_its_words() -> None:
    body = {"error": {"type": "prompt_no_outputs", "message": "Prompt has no outputs", "details": ""}, "node_errors": {}}
    assert rejection(json.dumps(body).encode()).message == "Prompt has no outputs."


@given(
    st.binary() | st.recursive(st.none() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)).map(json.dumps).map(str.encode)
)
def test_a_strange_refusal_is_a_refusal(body: bytes) -> None:
    assert isinstance(rejection(body), WorkflowRejected)


@pytest.mark.parametrize(
    ("exception", "message", "kind"),
    [
        ("ValueError", "no", WorkflowFailed),
        ("torch.OutOfMemoryError", "Allocation on device", OutOfMemory),
        ("torch.cuda.OutOfMemoryError", "…", OutOfMemory),
        ("MemoryError", "", OutOfMemory),
        ("RuntimeError", "DefaultCPUAllocator: can't allocate memory: you tried", OutOfMemory),
        ("OSError", "[Errno 28] No space left on device", DiskFull),
    ],
)
def test_want_of_memory_or_space_is_told_apart_from_other_exceptions(exception: str, message: str, kind: type[Exception]) -> None:
    error = failure(Failed("p", "3", "KSampler", exception, message), {"3": {"class_type": "KSampler", "_meta": {"title": "Paint"}}})
    assert type(error) is kind
    assert error.message == f"KSampler: {message}"
    assert error.details == {"node_id": "3", "node_type": "KSampler", "node_title": "Paint", "exception_type": exception}


def test_a_failure_keeps_the_end_of_its_traceback() -> None:
    lines = tuple(f'  File "node.py", line {number}, in run\n' for number in range(100))
    error = failure(Failed("p", "3", "KSampler", "ValueError", "no", lines), {})
    assert error.details["traceback"] == list(lines[-40:])


def test_only_a_fault_of_the_gpu_itself_needs_a_fresh_start() -> None:
    assert broke_the_device(Failed("p", "3", "K", "RuntimeError", "CUDA error: an illegal memory access was encountered"))
    assert broke_the_device(Failed("p", "3", "K", "torch.AcceleratorError", "…"))
    assert not broke_the_device(Failed("p", "3", "K", "torch.OutOfMemoryError", "CUDA error: out of memory"))
    assert not broke_the_device(Failed("p", "3", "K", "ValueError", "no"))
