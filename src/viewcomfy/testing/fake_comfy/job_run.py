"""The run of one job: its nodes in order, and every message about it in ComfyUI's order."""

from __future__ import annotations

import asyncio
import struct
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from viewcomfy.testing.fake_comfy.folders import Folders
from viewcomfy.testing.fake_comfy.graph import Plan, Signatures, is_link
from viewcomfy.testing.fake_comfy.hub import TEXT
from viewcomfy.testing.fake_comfy.jobs import Job
from viewcomfy.testing.fake_comfy.node import Interrupted, NodeClass, Result
from viewcomfy.testing.fake_comfy.nodes.testkit import OutOfMemoryError
from viewcomfy.testing.fake_comfy.validation import type_name

if TYPE_CHECKING:
    from viewcomfy.testing.fake_comfy.executor import Executor

OOM_TIP = (
    "This error means you ran out of memory on your GPU.\n\n"
    "TIPS: If the workflow worked before you might have accidentally set the batch_size to a large number."
)


class JobRun:
    """The run of one job."""

    def __init__(self, executor: Executor, job: Job) -> None:
        self.executor = executor
        self.job = job
        self.success = True
        self.shown: dict[str, Mapping[str, Any]] = {}
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.states: dict[str, dict[str, Any]] = {}
        self.finished: list[str] = []
        self.inputs: dict[str, Any] = {}
        self.signatures = Signatures(job.workflow, executor.catalog.classes, executor.catalog.folders)

    async def run(self) -> None:
        """Run the job to its end, whatever that is."""
        prompt_id, workflow = self.job.prompt_id, self.job.workflow
        self._announce("execution_start", {"prompt_id": prompt_id})
        known = {self.signatures.of(node_id) for node_id in workflow}
        self.executor.cache = {signature: result for signature, result in self.executor.cache.items() if signature in known}
        cached = [node_id for node_id in workflow if self._is_cached(node_id)]
        self._announce("execution_cached", {"nodes": cached, "prompt_id": prompt_id})
        plan = Plan(workflow, self.job.outputs, self._is_output, self._is_cached)
        while (node_id := plan.next()) is not None:
            await self.executor.gate.wait()
            if not await self._node(node_id):
                self.success = False
                return
            plan.done(node_id)
        self._announce("execution_success", {"prompt_id": prompt_id})

    def record(self) -> dict[str, Any]:
        """Return what the history says of the job."""
        return {
            "outputs": dict(self.shown),
            "status": {
                "status_str": "success" if self.success else "error",
                "completed": self.success,
                "messages": self.messages,
            },
            "meta": {
                node_id: {"node_id": node_id, "display_node": node_id, "parent_node": None, "real_node_id": node_id}
                for node_id in self.shown
            },
        }

    def progress(self, node_id: str, value: float, total: float, state: str = "running") -> None:
        """Send where every node of the job is, which is what ComfyUI repeats at each step."""
        self.states[node_id] = {
            "value": value,
            "max": total,
            "state": state,
            "node_id": node_id,
            "prompt_id": self.job.prompt_id,
            "display_node_id": node_id,
            "parent_node_id": None,
            "real_node_id": node_id,
        }
        self.executor.hub.send("progress_state", {"prompt_id": self.job.prompt_id, "nodes": self.states}, self.job.client_id)

    async def _node(self, node_id: str) -> bool:
        cached = self._cached(node_id)
        if cached is not None:
            self._show(node_id, cached, always=True)
            self.progress(node_id, 1, 1, "finished")
            return True
        self.progress(node_id, 0.0, 1.0)
        self.executor.last_node_id = node_id
        self._send("executing", {"node": node_id, "display_node": node_id, "prompt_id": self.job.prompt_id})
        await asyncio.sleep(0)
        try:
            result = await self._execute(node_id)
        except Interrupted:
            self._interrupted(node_id)
            return False
        except Exception as error:  # noqa: BLE001, RUF100 - whatever a node raises is the job's result
            self._failed(node_id, error)
            return False
        self._show(node_id, result)
        self.executor.cache[self.signatures.of(node_id)] = result
        total = self.states[node_id]["max"]
        self.progress(node_id, total, total, "finished")
        self.finished.append(node_id)
        self.executor.executed.append((self.job.prompt_id, node_id))
        return True

    async def _execute(self, node_id: str) -> Result:
        node_class = self._class(node_id)
        given: dict[str, Any] = self.job.workflow[node_id]["inputs"]
        self.inputs = {name: self._value(given[name]) for name in (*node_class.required, *node_class.optional) if name in given}
        running = RunningNode(self, node_id)
        running.check_interrupted()
        return await node_class.run(running, **self.inputs)

    def _value(self, value: Any) -> Any:
        if not is_link(value):
            return value
        source = self._cached(value[0])
        return None if source is None else source.outputs[int(value[1])]

    def _cached(self, node_id: str) -> Result | None:
        return self.executor.cache.get(self.signatures.of(node_id))

    def _is_cached(self, node_id: str) -> bool:
        return self._cached(node_id) is not None

    def _is_output(self, node_id: str) -> bool:
        return self._class(node_id).is_output

    def _class(self, node_id: str) -> NodeClass:
        return self.executor.catalog.classes[self.job.workflow[node_id]["class_type"]]

    def _show(self, node_id: str, result: Result, *, always: bool = False) -> None:
        if result.ui:
            self.shown[node_id] = result.ui
        if result.ui or always:
            message = {"node": node_id, "display_node": node_id, "output": result.ui or None, "prompt_id": self.job.prompt_id}
            self._send("executed", message)

    def _interrupted(self, node_id: str) -> None:
        self.executor.console.log("Processing interrupted")
        self._announce("execution_interrupted", self._where(node_id), broadcast=True)

    def _failed(self, node_id: str, error: Exception) -> None:
        lines = traceback.format_tb(error.__traceback__)
        self.executor.console.log(f"!!! Exception during processing !!! {error}")
        self.executor.console.log("".join(["Traceback (most recent call last):\n", *lines, f"{type_name(error)}: {error}"]))
        out_of_memory = isinstance(error, OutOfMemoryError)
        if out_of_memory:
            self.executor.console.log("Got an OOM, unloading all loaded models.")
        details = {
            "exception_message": f"{error}\n{OOM_TIP if out_of_memory else ''}",
            "exception_type": type_name(error),
            "traceback": lines,
            "current_inputs": {name: [_shown(value)] for name, value in self.inputs.items()},
            "current_outputs": list(self.job.workflow),
        }
        self._announce("execution_error", self._where(node_id) | details)

    def _where(self, node_id: str) -> dict[str, Any]:
        return {
            "prompt_id": self.job.prompt_id,
            "node_id": node_id,
            "node_type": self._class(node_id).name,
            "executed": list(self.finished),
        }

    def _announce(self, kind: str, data: dict[str, Any], *, broadcast: bool = False) -> None:
        data = {**data, "timestamp": int(time.time() * 1000)}
        self.messages.append((kind, data))
        if self.job.client_id is not None or broadcast:
            self.executor.hub.send(kind, data, self.job.client_id)

    def _send(self, kind: str, data: dict[str, Any]) -> None:
        if self.job.client_id is not None:
            self.executor.hub.send(kind, data, self.job.client_id)


@dataclass
class RunningNode:
    """The side of a run that its node sees; see `NodeRun`."""

    job_run: JobRun
    node_id: str
    folders: Folders = field(init=False)
    previews: bool = field(init=False)
    preview_size: int = field(init=False)
    workflow: Mapping[str, Any] = field(init=False)
    extra_data: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self._executor = self.job_run.executor
        self.folders = self._executor.catalog.folders
        self.previews = self._executor.behaviour.previews
        self.preview_size = self._executor.behaviour.preview_size
        self.workflow = self.job_run.job.workflow
        self.extra_data = self.job_run.job.extra_data

    async def step(self, value: int, total: int, preview: bytes | None = None, seconds: float | None = None) -> None:
        """Take the time of a step, then report it; raise `Interrupted` before or after if asked to stop."""
        self.check_interrupted()
        await asyncio.sleep(self._executor.behaviour.step_seconds if seconds is None else seconds)
        await self._executor.gate.wait()
        self.check_interrupted()
        job, hub = self.job_run.job, self._executor.hub
        self.job_run.progress(self.node_id, value, total)
        first = hub.wants_metadata(job.client_id)
        if first:
            self._preview(preview)
        hub.send("progress", {"value": value, "max": total, "prompt_id": job.prompt_id, "node": self.node_id}, job.client_id)
        if not first:
            self._preview(preview)

    def check_interrupted(self) -> None:
        """Raise `Interrupted` if asked to stop."""
        if self._executor.interrupted:
            self._executor.interrupted = False
            raise Interrupted

    def send_text(self, text: str) -> None:
        """Send a progress text to every socket."""
        node_id = self.node_id.encode()
        self._executor.hub.send_bytes(TEXT, struct.pack(">I", len(node_id)) + node_id + text.encode())

    def print(self, text: str) -> None:
        """Write a line to the standard output."""
        self._executor.console.print(text)

    def bar(self, value: int, total: int) -> None:
        """Draw a progress bar into the log."""
        self._executor.console.bar(value, total)

    async def exit(self, code: int) -> None:
        """End the whole process at once."""
        self._executor.process.exit_process(code)
        await asyncio.Event().wait()

    async def freeze(self, seconds: float) -> None:
        """Keep the whole process from answering for so long."""
        self._executor.process.freeze()
        await asyncio.sleep(seconds)
        self._executor.process.thaw()

    def _preview(self, jpeg: bytes | None) -> None:
        if jpeg is None:
            return
        keys = ("node_id", "prompt_id", "display_node_id", "parent_node_id", "real_node_id")
        state = self.job_run.states[self.node_id]
        self._executor.hub.send_preview(jpeg, {key: state[key] for key in keys}, self.job_run.job.client_id)


def _shown(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
