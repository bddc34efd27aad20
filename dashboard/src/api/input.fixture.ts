import type { Input } from "~/api/types";

/** Return an input for a test: what is not said is as a plain one has it. */
export function input(name: string, kind: Input["kind"], more: Partial<Input> = {}): Input {
  return {
    name,
    key: `1-inputs-${name}`,
    kind,
    label: name,
    description: "",
    default: null,
    minimum: null,
    maximum: null,
    step: null,
    choices: null,
    multiline: false,
    advanced: false,
    required: false,
    hidden: false,
    locked: false,
    order: 0,
    node_id: "1",
    node_title: "",
    class_type: "Node",
    ...more,
  };
}
