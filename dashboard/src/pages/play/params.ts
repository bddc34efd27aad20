import type { Input, JobDetail } from "~/api/types";
import { isAccepted } from "~/form/files";
import { shownInputs, takesFile } from "~/form/shown";

/** Return what a job was sent, as JSON to paste into `inputs` of a call; files are left out. */
export function paramsText(inputs: readonly Input[], sent: Record<string, unknown>): string {
  const values = valuesOf(inputs, sent);
  const whole = new Set(inputs.filter(({ kind }) => kind === "seed" || kind === "integer").map(({ name }) => name));
  const lines = Object.entries(values).map(([name, value]) => {
    const isDigits = whole.has(name) && typeof value === "string"; // more of them than JavaScript's numbers hold
    return `  ${JSON.stringify(name)}: ${isDigits ? value : JSON.stringify(value, null, 2).replaceAll("\n", "\n  ")}`;
  });
  return lines.length ? `{\n${lines.join(",\n")}\n}` : "{}";
}

/** Return the values of a job for the form, files apart. */
export function valuesOf(inputs: readonly Input[], sent: Record<string, unknown>): Record<string, unknown> {
  const plain = shownInputs(inputs).filter((input) => !takesFile(input) && input.name in sent);
  return Object.fromEntries(plain.map((input) => [input.name, sent[input.name]]));
}

type Upload = NonNullable<JobDetail["uploads"]>[number];

/** Return the files of a job that the form has a place for. */
export function uploadsOf(inputs: readonly Input[], uploads: readonly Upload[]): Upload[] {
  const files = new Set(
    shownInputs(inputs)
      .filter(takesFile)
      .map((input) => input.name),
  );
  return uploads.filter((upload) => files.has(upload.input));
}

/** Return the one line that tells a job from others: its longest prompt, or else the names of its files. */
export function headline(inputs: readonly Input[], detail: Pick<JobDetail, "inputs" | "uploads">): string {
  const sent = detail.inputs ?? {};
  const texts = shownInputs(inputs).filter((input) => input.kind === "text" && typeof sent[input.name] === "string");
  const main = texts.find((input) => input.multiline && !input.advanced) ?? texts.find((input) => !input.advanced);
  const said = main ? String(sent[main.name]).trim() : "";
  return said || (detail.uploads ?? []).map((upload) => upload.filename).join(", ");
}

/** Return what else was said: label and value of each input that is not as it is by default, seeds always. */
export function asides(inputs: readonly Input[], sent: Record<string, unknown>): [string, string][] {
  const main = (input: Input) => input.kind === "text" && input.multiline && !input.advanced;
  return shownInputs(inputs)
    .filter((input) => !takesFile(input) && !main(input) && input.name in sent)
    .filter((input) => input.kind === "seed" || sent[input.name] !== input.default)
    .map((input) => [input.label || input.name, String(labelOf(input, sent[input.name]))]);
}

function labelOf(input: Input, value: unknown): unknown {
  return input.choices?.find((choice) => choice.value === value)?.label ?? value;
}

/** Return the inputs that an output's file can be sent for. */
export function inputsFor(inputs: readonly Input[], output: { content_type: string }): Input[] {
  return shownInputs(inputs).filter(
    (input) => takesFile(input) && isAccepted(input.kind, { type: output.content_type }),
  );
}
