import { expect, it } from "vitest";
import type { Report } from "~/api/types";
import { missingModels } from "./missing";

const workflow = {
  "1": { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "a.safetensors" } },
  "2": { class_type: "VAELoader", inputs: { vae_name: "b.safetensors" } },
};
const model = (file: string, url = "https://example.com/x") => ({ folder: "any", file, url, sha256: "" });
const problem = (node_id: string, input_name: string, code = "missing_model") => ({ node_id, input_name, code });
const report = (...problems: unknown[]) => ({ problems }) as Report;

it("finds those that a node lacks and that can be had", () => {
  const models = [model("a.safetensors"), model("b.safetensors"), model("c.safetensors")];
  expect(missingModels(models, report(problem("1", "ckpt_name")), workflow)).toEqual([models[0]]);
});

it("leaves out those without a URL, and what is wrong otherwise", () => {
  const found = report(problem("1", "ckpt_name"), problem("2", "vae_name", "invalid_choice"), problem("9", "x"));
  expect(missingModels([model("a.safetensors", ""), model("b.safetensors")], found, workflow)).toEqual([]);
  expect(missingModels([model("a.safetensors")], undefined, workflow)).toEqual([]);
});
