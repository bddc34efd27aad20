import type { Choice, Input } from "~/api/types";

/** What an owner may change about an input, besides its place. */
export const FIELDS = [
  "name",
  "label",
  "description",
  "required",
  "hidden",
  "locked",
  "advanced",
  "minimum",
  "maximum",
  "choices",
  "default",
] as const;
export type Field = (typeof FIELDS)[number];
type Fields = Partial<Pick<Input, Field>>;

/** What has been changed here and is not stored yet: fields by param key, and the order of all param keys where that was touched. */
export interface Edits {
  fields: Record<string, Fields>;
  order: string[] | null;
}

/** What `inputs` of a deploy, a check or an edit take. */
export type InputEdits = Record<string, Record<string, unknown> | null>;

export const NO_EDITS: Edits = { fields: {}, order: null };
const SELECTABLE: Input["kind"][] = ["text", "integer", "number", "choice"];

/** Return the inputs as they will be, in their order; one that nothing was changed about is the same object. */
export function applied(base: Input[], edits: Edits, declared?: Input[]): Input[] {
  const kinds = new Map(declared?.map((one) => [one.key, one.kind]));
  const changed = base.map((one) => {
    const fields = edits.fields[one.key];
    return fields ? withKind({ ...one, ...fields }, fields, kinds.get(one.key)) : one;
  });
  const places = new Map(edits.order?.map((key, place) => [key, place]));
  if (!places.size) return changed;
  const place = (one: Input) => places.get(one.key) ?? one.order;
  return changed
    .sort((one, two) => place(one) - place(two))
    .map((one, at) => (one.order === at ? one : { ...one, order: at }));
}

/** The server makes an input with choices of the owner's a choice, whatever it was. */
function withKind(input: Input, fields: Fields, own: Input["kind"] | undefined): Input {
  if (!("choices" in fields)) return input;
  if (!fields.choices) return own ? { ...input, kind: own } : input;
  return SELECTABLE.includes(input.kind) ? { ...input, kind: "choice" } : input;
}

/** Return the edits with one field set; one that is as it was is no edit. */
export function withField<F extends Field>(edits: Edits, base: Input, field: F, value: Input[F]): Edits {
  const { [base.key]: before, ...others } = edits.fields;
  const { [field]: _, ...rest } = before ?? {};
  const fields: Fields = same(base[field], value) ? rest : { ...rest, [field]: value };
  return { ...edits, fields: Object.keys(fields).length ? { ...others, [base.key]: fields } : others };
}

/** Return the edits with an input at another place among all. */
export function moved(edits: Edits, base: Input[], key: string, to: number): Edits {
  const original = inOrder(base).map((one) => one.key);
  const order = (edits.order ?? original).filter((one) => one !== key);
  order.splice(Math.max(0, Math.min(to, order.length)), 0, key);
  return { ...edits, order: same(order, original) ? null : order };
}

/** Return the edits with an input as the workflow itself declares it, but for its place. */
export function reset(edits: Edits, base: Input, declared: Input | undefined): Edits {
  let result = edits;
  for (const field of FIELDS) result = withField(result, base, field, (declared ?? base)[field] as never);
  return result;
}

/** Tell whether an input differs from what the workflow itself declares. */
export function isEdited(input: Input, declared: Input | undefined): boolean {
  return !!declared && input !== declared && FIELDS.some((field) => !same(input[field], declared[field]));
}

export function hasEdits(edits: Edits): boolean {
  return edits.order !== null || Object.keys(edits.fields).length > 0;
}

/**
 * Return what to send: only what differs from the version before, and null (take back) for what is as the workflow
 * declares it. `declared` are the inputs as they are without any edits.
 */
export function toSend(base: Input[], edits: Edits, declared?: Input[]): InputEdits {
  const own = new Map(declared?.map((one) => [one.key, one]));
  const sent: InputEdits = {};
  for (const one of base) {
    const fields = edits.fields[one.key];
    if (fields) sent[one.key] = sendFields(fields, own.get(one.key));
  }
  for (const [key, order] of Object.entries(edits.order ? sendOrder(base, edits.order, declared) : {})) {
    sent[key] = { ...sent[key], order };
  }
  return sent;
}

function sendFields(fields: Fields, declared: Input | undefined): Record<string, unknown> {
  const entries = Object.entries(fields).map(([field, value]) => {
    const takenBack = declared && same(declared[field as Field], value);
    return [field, takenBack ? null : field === "choices" ? sendChoices(value as Choice[] | null) : value];
  });
  return Object.fromEntries(entries);
}

function sendChoices(choices: Choice[] | null | undefined): unknown[] | undefined {
  return choices?.map(({ value, label }) => (label && label !== String(value) ? { value, label } : value));
}

/**
 * Return a place for every input from the first to the last that is not where the workflow declares it: the server puts
 * those there, and the others keep around them. What had a place before and needs none now gives it back.
 */
function sendOrder(base: Input[], order: string[], declared?: Input[]): Record<string, number | null> {
  const own = inOrder(declared ?? base).map((one) => one.key);
  const first = order.findIndex((key, place) => key !== own[place]);
  const last = order.findLastIndex((key, place) => key !== own[place]);
  const wasOrdered = !same(
    inOrder(base).map((one) => one.key),
    own,
  );
  const places: Record<string, number | null> = {};
  for (const [place, key] of order.entries()) {
    if (first >= 0 && place >= first && place <= last) places[key] = place;
    else if (wasOrdered) places[key] = null;
  }
  return places;
}

function inOrder(inputs: Input[]): Input[] {
  return [...inputs].sort((one, two) => one.order - two.order);
}

/** Tell whether two values are alike as JSON; what is not there is null. */
export function same(one: unknown, two: unknown): boolean {
  return one === two || JSON.stringify(one ?? null) === JSON.stringify(two ?? null);
}
