"""In which order ComfyUI runs the nodes of a workflow, and by what it recognises that a node need not run again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from viewcomfy.testing.fake_comfy.folders import Folders
from viewcomfy.testing.fake_comfy.node import NodeClass

Workflow = Mapping[str, Any]


def is_link(value: Any) -> bool:
    """Say whether an input's value is `[node id, slot]`."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], int | float)


class Plan:
    """The nodes that still have to run, and which is next: outputs first, then what leads to one soonest."""

    def __init__(
        self, workflow: Workflow, outputs: Iterable[str], is_output: Callable[[str], bool], is_cached: Callable[[str], bool]
    ) -> None:
        self._is_output = is_output
        self._waits_for: dict[str, set[str]] = {}
        self._feeds: dict[str, list[str]] = {}
        for output in outputs:
            self._add(workflow, output, is_cached)

    def next(self) -> str | None:
        """Return a node whose sources have all run, None at the end."""
        ready = [node_id for node_id, sources in self._waits_for.items() if not sources]
        for distance in range(3):
            for node_id in ready:
                if self._reaches_output(node_id, distance):
                    return node_id
        return ready[0] if ready else None

    def done(self, node_id: str) -> None:
        """Take a node off that has run."""
        del self._waits_for[node_id]
        for fed in self._feeds.pop(node_id):
            self._waits_for[fed].discard(node_id)

    def _reaches_output(self, node_id: str, distance: int) -> bool:
        if distance == 0:
            return self._is_output(node_id)
        return any(self._reaches_output(fed, distance - 1) for fed in self._feeds[node_id])

    def _add(self, workflow: Workflow, output: str, is_cached: Callable[[str], bool]) -> None:
        stack = [output]
        links: list[tuple[str, str]] = []
        while stack:
            node_id = stack.pop()
            if node_id in self._waits_for:
                continue
            self._waits_for[node_id] = set()
            self._feeds[node_id] = []
            sources = [value[0] for value in workflow[node_id]["inputs"].values() if is_link(value)]
            missing = [source for source in sources if not is_cached(source)]
            stack += missing
            links += [(source, node_id) for source in missing]
        for source, fed in links:
            if source not in self._waits_for[fed]:
                self._waits_for[fed].add(source)
                self._feeds[source].append(fed)


class Signatures:
    """For each node a text that is the same when its class, its inputs and everything before it are the same."""

    def __init__(self, workflow: Workflow, classes: Mapping[str, NodeClass], folders: Folders) -> None:
        self._workflow = workflow
        self._classes = classes
        self._folders = folders
        self._known: dict[str, str] = {}

    def of(self, node_id: str) -> str:
        """Return the node's signature."""
        if node_id not in self._known:
            self._known[node_id] = f"cycle at {node_id}"  # only what leads to an invalid output can be one
            self._known[node_id] = self._make(node_id)
        return self._known[node_id]

    def _make(self, node_id: str) -> str:
        node = self._workflow.get(node_id)
        if node is None:
            return f"missing {node_id}"
        node_class = self._classes[node["class_type"]]
        inputs: dict[str, Any] = node.get("inputs", {})
        parts: list[Any] = [node_class.name, self._fingerprint(node_class, inputs)]
        if "UNIQUE_ID" in node_class.hidden.values():
            parts.append(node_id)
        parts += [[key, [self.of(value[0]), value[1]] if is_link(value) else value] for key, value in sorted(inputs.items())]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _fingerprint(self, node_class: NodeClass, inputs: Mapping[str, Any]) -> str:
        if node_class.fingerprint is None:
            return ""
        try:
            return node_class.fingerprint(self._folders, inputs)
        except OSError:
            return "gone"
