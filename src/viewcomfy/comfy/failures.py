"""A failure is what ComfyUI found wrong, told in our errors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from viewcomfy.comfy.messages import Failed
from viewcomfy.core.errors import (
    DiskFull,
    InvalidUpload,
    MissingModel,
    OutOfMemory,
    RunError,
    UnknownNodeClass,
    WorkflowFailed,
    WorkflowRejected,
)
from viewcomfy.core.workflows import node_title

OUT_OF_MEMORY = ("CUDA out of memory", "can't allocate memory", "HIP out of memory", "MPS backend out of memory")
NO_SPACE = ("No space left on device", "Disk quota exceeded")
BROKEN_DEVICE = ("CUDA error", "HIP error", "device-side assert", "cuDNN error")
MAX_TRACE, MAX_TRACE_LINE = 40, 600
"""How much of a traceback is kept: its end says what went wrong, and a job is stored with its error."""
UNREADABLE_UPLOAD = ("Invalid image file", "Invalid audio file", "Invalid video file")


def rejection(body: bytes) -> WorkflowRejected | InvalidUpload:
    """Return the error for the body of a refused `POST /prompt`; its `problems` name node_id, class_type, input and message."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = {}
    answer = answer if isinstance(answer, dict) else {}
    error = answer.get("error")
    error = error if isinstance(error, dict) else {}
    message, details = str(error.get("message") or "ComfyUI refused the workflow."), str(error.get("details") or "")
    if error.get("type") in ("invalid_prompt", "missing_node_type") and ("does not exist" in message or "not found" in message):
        return _unknown_class(message, details)
    node_errors = answer.get("node_errors")
    return node_rejection(node_errors if isinstance(node_errors, dict) else {}, f"{message.rstrip('.')}{': ' if details else '.'}{details}")


def node_rejection(node_errors: Mapping[str, Any], message: str = "ComfyUI refused the workflow.") -> WorkflowRejected | InvalidUpload:
    """Return the error for what ComfyUI found wrong with single nodes; `message` is used where it named none."""
    faults = list(_faults(node_errors))
    problems = [{name: fault[name] for name in ("node_id", "class_type", "input", "message")} for fault in faults]
    missing = [fault for fault in faults if fault["type"] == "value_not_in_list" and _names_a_file(fault)]
    if missing:
        names = ", ".join(dict.fromkeys(f"'{fault['value']}' ({fault['class_type']}, {fault['input']})" for fault in missing))
        hint = "Put the file into ComfyUI's models folder, or name one that is there."
        return MissingModel(f"This ComfyUI does not have {names}.", hint=hint, problems=problems)
    unreadable = next((fault for fault in faults if any(text in fault["message"] for text in UNREADABLE_UPLOAD)), None)
    if unreadable:
        hint = f"Send a file for '{unreadable['node_id']}-inputs-{unreadable['input']}'."
        return InvalidUpload(_sentence(unreadable), hint=hint, problems=problems)
    if faults:
        more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
        return WorkflowRejected(f"ComfyUI refused the workflow: {_sentence(faults[0])}{more}", problems=problems)
    return WorkflowRejected(message)


def failure(failed: Failed, workflow: Mapping[str, Any]) -> RunError | DiskFull:
    """Return the error for a node that raised an exception.

    `details` holds node_id, node_type, node_title, exception_type and, where ComfyUI sent one, the end of its traceback.
    """
    node = workflow.get(failed.node_id)
    title = node_title(node) if isinstance(node, dict) and "class_type" in node else failed.node_type
    details = {
        "node_id": failed.node_id, "node_type": failed.node_type, "node_title": title, "exception_type": failed.exception_type,
        **({"traceback": [line[:MAX_TRACE_LINE] for line in failed.traceback[-MAX_TRACE:]]} if failed.traceback else {}),
    }  # fmt: skip
    message = f"{failed.node_type}: {failed.message}"
    if any(text in failed.message for text in NO_SPACE):
        return DiskFull(message, hint="Free some space where ComfyUI writes its files, then try again.", details=details)
    kind = OutOfMemory if ran_out_of_memory(failed) else WorkflowFailed
    return kind(message, details=details)


def ran_out_of_memory(failed: Failed) -> bool:
    """Tell whether the node failed for want of memory."""
    by_type = "OutOfMemory" in failed.exception_type or failed.exception_type == "MemoryError"
    return by_type or any(text in failed.message for text in OUT_OF_MEMORY)


def broke_the_device(failed: Failed) -> bool:
    """Tell whether the GPU's context is gone: every later job would fail too, until ComfyUI is started anew."""
    if ran_out_of_memory(failed):
        return False
    return "AcceleratorError" in failed.exception_type or any(text in failed.message for text in BROKEN_DEVICE)


def _unknown_class(message: str, details: str) -> UnknownNodeClass:
    words = message.partition("because node ")[2].split(" does not exist")[0].split(" not found")[0].strip("' ")
    node_id = details.partition("#")[2].rstrip("'")
    name = words or "a node class"
    problem = {"node_id": node_id, "class_type": words, "input": None, "message": "This node class is not installed."}
    place = f" (node {node_id})" if node_id else ""
    hint = "Install the custom node that brings it, then start ComfyUI anew."
    return UnknownNodeClass(f"This ComfyUI does not have the node class '{name}'{place}.", hint=hint, problems=[problem])


def _faults(node_errors: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for node_id, entry in node_errors.items():
        errors = entry.get("errors") if isinstance(entry, dict) else None
        for error in errors if isinstance(errors, list) else ():
            if isinstance(error, dict):
                yield _fault(str(node_id), str(entry.get("class_type") or ""), error)


def _fault(node_id: str, class_type: str, error: Mapping[str, Any]) -> dict[str, Any]:
    extra = error.get("extra_info")
    extra = extra if isinstance(extra, dict) else {}
    details = str(error.get("details") or "")
    return {
        "node_id": node_id,
        "class_type": class_type,
        "input": extra.get("input_name"),
        "message": f"{error.get('message')}: {details}" if details else str(error.get("message")),
        "type": error.get("type"),
        "value": extra.get("received_value"),
    }


def _names_a_file(fault: Mapping[str, Any]) -> bool:
    name, value = str(fault["input"] or ""), fault["value"]
    if name in ("sampler_name", "scheduler_name"):
        return False
    return name.endswith("_name") or (isinstance(value, str) and 1 < len(PurePosixPath(value).suffix) <= 12)


def _sentence(fault: Mapping[str, Any]) -> str:
    return f"{fault['class_type']} (node {fault['node_id']}): {fault['message']}"
