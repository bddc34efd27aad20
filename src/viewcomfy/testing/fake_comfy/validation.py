"""What ComfyUI checks before it queues a workflow, and the very answers that it gives."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from viewcomfy.testing.fake_comfy.node import Catalog, NodeClass

Fault = dict[str, Any]
CONVERSIONS: Mapping[str, type] = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}
LONGEST_LIST_SHOWN = 20


@dataclass(frozen=True)
class Verdict:
    """Which output nodes can run; `error` is set when none can."""

    error: Fault | None
    outputs: list[str]
    node_errors: dict[str, Any]


def validate(catalog: Catalog, workflow: dict[str, Any], targets: list[str] | None = None) -> Verdict:
    """Check a workflow; converts numbers and texts in place as ComfyUI does.

    What is not shaped like a workflow raises TypeError and the like, which ComfyUI answers with a bare 500.
    """
    outputs: list[str] = []
    for node_id, node in workflow.items():
        if "class_type" not in node:
            return _refused("Cannot execute because a node is missing the class_type property.", node_id)
        node_class = catalog.classes.get(node["class_type"])
        if node_class is None:
            return _refused(f"Cannot execute because node {node['class_type']} does not exist.", node_id)
        if node_class.is_output and (targets is None or node_id in targets):
            outputs.append(node_id)
    if not outputs:
        return Verdict(fault("prompt_no_outputs", "Prompt has no outputs", ""), [], {})
    return _Check(catalog, workflow).verdict(outputs)


def fault(kind: str, message: str, details: str, **extra: Any) -> Fault:
    """Return an error as ComfyUI words it."""
    return {"type": kind, "message": message, "details": details, "extra_info": extra}


def type_name(error: BaseException) -> str:
    """Return the class of an exception with its module, without `builtins`."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _refused(message: str, node_id: str) -> Verdict:
    return Verdict(fault("invalid_prompt", message, f"Node ID '#{node_id}'"), [], {})


@dataclass
class _Check:
    catalog: Catalog
    workflow: dict[str, Any]
    found: dict[str, tuple[bool, list[Fault]]] = field(default_factory=dict)
    open_nodes: set[str] = field(default_factory=set)

    def verdict(self, outputs: list[str]) -> Verdict:
        good: list[str] = []
        failures: list[str] = []
        node_errors: dict[str, Any] = {}
        for output in outputs:
            valid, faults = self._output(output)
            if valid:
                good.append(output)
                continue
            failures += [f"{found['message']}: {found['details']}" for found in faults]
            self._collect(node_errors, output)
        error = None if good else fault("prompt_outputs_failed_validation", "Prompt outputs failed validation", "\n".join(failures))
        return Verdict(error, good, node_errors)

    def _output(self, output: str) -> tuple[bool, list[Fault]]:
        try:
            return self._node(output)
        except Exception as error:  # noqa: BLE001, RUF100 - whatever a malformed workflow trips over is the answer
            info = {"exception_type": type_name(error), "traceback": traceback.format_tb(error.__traceback__)}
            faults = [fault("exception_during_validation", "Exception when validating node", str(error), **info)]
            self.found[output] = (False, faults)
            return self.found[output]

    def _collect(self, node_errors: dict[str, Any], output: str) -> None:
        for node_id, (valid, faults) in self.found.items():
            if valid or not faults:
                continue
            class_type = self.workflow[node_id]["class_type"]
            entry = node_errors.setdefault(node_id, {"errors": faults, "dependent_outputs": [], "class_type": class_type})
            entry["dependent_outputs"].append(output)

    def _node(self, node_id: str) -> tuple[bool, list[Fault]]:
        if node_id in self.found:
            return self.found[node_id]
        self.open_nodes.add(node_id)
        inputs = self.workflow[node_id]["inputs"]
        node_class = self.catalog.classes[self.workflow[node_id]["class_type"]]
        faults: list[Fault] = []
        valid = True
        for name in (*node_class.required, *node_class.optional):
            fine, found = self._input(node_class, inputs, name)
            valid = valid and fine
            faults += found
        faults += self._custom(node_class, inputs)
        self.open_nodes.discard(node_id)
        self.found[node_id] = (valid and not faults, faults)
        return self.found[node_id]

    def _input(self, node_class: NodeClass, inputs: dict[str, Any], name: str) -> tuple[bool, list[Fault]]:
        if name not in inputs:
            if name not in node_class.required:
                return True, []
            return True, [fault("required_input_missing", "Required input is missing", name, input_name=name)]
        kind, options = self.catalog.resolve(node_class.spec(name) or ("*",))
        if isinstance(inputs[name], list):
            return self._link(name, kind, options, inputs[name])
        return True, _value_faults(node_class, inputs, name, kind, options)

    def _link(self, name: str, kind: Any, options: dict[str, Any], link: list[Any]) -> tuple[bool, list[Fault]]:
        info = {"input_name": name, "input_config": [kind, options]}
        if len(link) != 2:
            message = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
            return True, [fault("bad_linked_input", message, name, **info, received_value=link)]
        source, slot = link
        received = self.catalog.classes[self.workflow[source]["class_type"]].returns[slot]
        if not _fits(received, kind):
            details = f"{name}, received_type({received}) mismatch input_type({kind})"
            message = "Return type mismatch between linked nodes"
            return True, [fault("return_type_mismatch", message, details, **info, received_type=received, linked_node=link)]
        if source in self.open_nodes:  # a cycle: ComfyUI recurses until Python stops it, and then names no node
            return False, []
        return self._source(source, info, link), []

    def _source(self, source: str, info: dict[str, Any], link: list[Any]) -> bool:
        try:
            return self._node(source)[0]
        except Exception as error:  # noqa: BLE001, RUF100 - see _output
            extra = {
                **info,
                "exception_message": str(error),
                "exception_type": type_name(error),
                "traceback": traceback.format_tb(error.__traceback__),
                "linked_node": link,
            }
            message = "Exception when validating inner node"
            self.found[source] = (False, [fault("exception_during_inner_validation", message, str(error), **extra)])
            return False

    def _custom(self, node_class: NodeClass, inputs: dict[str, Any]) -> list[Fault]:
        name = node_class.checked_input
        if node_class.check is None or name not in inputs or isinstance(inputs[name], list):
            return []
        complaint = node_class.check(self.catalog.folders, inputs[name])
        if complaint is None:
            return []
        return [fault("custom_validation_failed", "Custom validation failed for node", f"{name} - {complaint}", input_name=name)]


def _value_faults(node_class: NodeClass, inputs: dict[str, Any], name: str, kind: Any, options: dict[str, Any]) -> list[Fault]:
    value = inputs[name]
    if isinstance(value, dict) and "__value__" in value:
        value = value["__value__"]
    info = {"input_name": name, "input_config": [kind, options], "received_value": value}
    try:
        if isinstance(kind, str) and kind in CONVERSIONS:
            value = CONVERSIONS[kind](value)
    except (TypeError, ValueError, OverflowError) as error:
        message = f"Failed to convert an input value to a {kind} value"
        details = f"{name}, {value}, {error}"
        return [fault("invalid_input_type", message, details, **info, exception_message=str(error))]
    inputs[name] = value
    return [] if name == node_class.checked_input else _range_faults(name, value, info)


def _range_faults(name: str, value: Any, info: dict[str, Any]) -> list[Fault]:
    kind, options = info["input_config"]
    info = info | {"received_value": value}
    if "min" in options and value < options["min"]:
        return [fault("value_smaller_than_min", f"Value {value} smaller than min of {options['min']}", name, **info)]
    if "max" in options and value > options["max"]:
        return [fault("value_bigger_than_max", f"Value {value} bigger than max of {options['max']}", name, **info)]
    if isinstance(kind, list) and value not in kind:
        shown = str(kind)
        if len(kind) > LONGEST_LIST_SHOWN:
            shown, info = f"(list of length {len(kind)})", info | {"input_config": None}
        return [fault("value_not_in_list", "Value not in list", f"{name}: '{value}' not in {shown}", **info)]
    return []


def _fits(received: str, wanted: Any) -> bool:
    if received == wanted or "*" in (received, wanted):
        return True
    if not isinstance(wanted, str):
        return False
    return not {part.strip() for part in received.split(",")}.isdisjoint(part.strip() for part in wanted.split(","))
