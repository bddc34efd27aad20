import type { Input } from "~/api/types";
import { digitsOf, isRounded, NEW_SEED } from "./exact";
import { several, shownInputs, takesFile } from "./shown";

export { problemsByInput } from "./problems";

/** A file that was chosen for an input, and the mask that was drawn over it. */
export interface FileValue {
  file: File;
  mask?: File;
}

/** What a field of the form holds: text, number, digits of a whole number beyond 2^53, boolean, choice, list, file; null is nothing. */
export type FormValue = unknown | FileValue;

/** The fields of a form, by the names of the inputs. */
export type Values = Record<string, FormValue>;

/** What a mask's part is named after its image's. */
const MASK = "-viewcomfymask";

/** Tell whether a value is a file. */
export function isFileValue(value: unknown): value is FileValue {
  return typeof value === "object" && value !== null && "file" in value && value.file instanceof Blob;
}

/** Return what the form holds before anybody has filled it in: the defaults, no files, and a new seed for each run. */
export function initialValues(inputs: readonly Input[]): Values {
  return Object.fromEntries(shownInputs(inputs).map((input) => [input.name, initialValue(input)]));
}

/** Return what one field holds before anybody has filled it in. */
export function initialValue(input: Input): FormValue {
  if (takesFile(input)) return null;
  if (input.kind === "seed") return NEW_SEED;
  if (input.kind === "text" && (input.default === null || input.default === undefined)) return "";
  return input.default ?? null;
}

/** Tell whether a field holds what it held before anybody filled it in. */
export function isInitial(input: Input, value: FormValue): boolean {
  const initial = initialValue(input);
  if (isFileValue(value)) return false;
  if ((value ?? null) === initial) return true;
  return asJson(input, value) === asJson(input, initial);
}

/** Return the form to send to `POST /d/{name}/run`: what differs from the defaults or is required, the seeds and the files. */
export function toRunForm(inputs: readonly Input[], values: Values): FormData {
  const form = new FormData();
  const shown = shownInputs(inputs);
  const said = shown.flatMap((input) => (isSent(input, values[input.name]) ? entry(input, values[input.name]) : []));
  const files = shown.flatMap((input) => parts(input, values[input.name]));
  // A call that says nothing would be refused, or be given fresh seeds: it says one thing that holds anyway.
  const least = said.length || files.length ? said : shown.flatMap(known).slice(0, 1);
  form.append("inputs", `{${least.join(",")}}`);
  for (const [name, file] of files) form.append(name, file, file.name);
  return form;
}

function isSent(input: Input, value: FormValue): boolean {
  return input.required || input.kind === "seed" || !isInitial(input, value);
}

function entry(input: Input, value: FormValue): string[] {
  const json = isFileValue(value) ? null : asJson(input, value);
  return json === null ? [] : [`${JSON.stringify(input.name)}:${json}`];
}

/** Return an input that may be left out with its default, where that is known to the last digit. */
function known(input: Input): string[] {
  return input.required || input.kind === "any" || several(input.default) ? [] : entry(input, input.default);
}

function parts(input: Input, value: FormValue): [string, File][] {
  if (!isFileValue(value)) return [];
  const file: [string, File] = [input.name, value.file];
  return value.mask ? [file, [`${input.name}${MASK}`, value.mask]] : [file];
}

/** Return a value as JSON, to the last digit; null where there is nothing to send. */
function asJson(input: Input, value: FormValue): string | null {
  if (value === null || value === undefined) return null;
  switch (input.kind) {
    case "integer":
    case "seed":
    case "number":
      return numberJson(input, value);
    case "text":
      return value === "" && input.required ? null : JSON.stringify(value);
    case "any":
      return anyJson(input, value);
    default:
      return value === "" && takesFile(input) ? null : JSON.stringify(value);
  }
}

function numberJson(input: Input, value: FormValue): string | null {
  if (typeof value === "string" && !value.trim()) return null;
  if (isRounded(value) && value === input.default && input.kind !== "number") return null; // the server knows it better
  const digits = digitsOf(value);
  if (digits !== null) return digits;
  const number = typeof value === "string" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? JSON.stringify(number) : JSON.stringify(value);
}

/** What was typed for a list or a number is read as JSON; what is no JSON is text. */
function anyJson(input: Input, value: FormValue): string | null {
  if (typeof value !== "string" || typeof input.default === "string") return JSON.stringify(value);
  if (!value.trim()) return null;
  try {
    JSON.parse(value);
    return value.trim();
  } catch {
    return JSON.stringify(value);
  }
}
