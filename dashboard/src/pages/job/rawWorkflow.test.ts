import { describe, expect, it } from "vitest";
import { workflowText } from "./rawWorkflow";

describe("the workflow of a job as a file", () => {
  it("keeps every digit of a large seed", () => {
    const text = workflowText(
      '{"prompt_id":"a","prompt":{"1":{"class_type":"K","inputs":{"seed":18446744073709551615}}}}',
    );
    expect(text).toContain('"seed": 18446744073709551615');
  });

  it("leaves digits inside of texts alone", () => {
    const text = workflowText(
      '{"prompt":{"1":{"class_type":"T","inputs":{"text":"18446744073709551615 \\"x\\"","n":1.5}}}}',
    );
    expect(JSON.parse(text)).toEqual({
      "1": { class_type: "T", inputs: { text: '18446744073709551615 "x"', n: 1.5 } },
    });
  });

  it("is empty where there is none", () => {
    expect(workflowText("{}")).toBe("{}\n");
  });
});
