import type { Input } from "~/api/types";
import { isRounded } from "./exact";

/** How a number is asked for. */
export interface NumberLook {
  /** Digits: a whole number that may lie beyond 2^53. */
  as: "slider" | "field" | "digits";
  step: number;
  /** How many digits after the point the step has. */
  decimals: number;
}

const MOST_STEPS = 1000;
const FEWEST_STEPS = 2;

/** Return how to ask for a number: with a slider where its limits are near enough to be aimed at. */
export function numberLook(input: Pick<Input, "kind" | "default" | "minimum" | "maximum" | "step">): NumberLook {
  const whole = input.kind !== "number";
  const range = rangeOf(input);
  const step = stepOf(input.step, whole, range);
  const look = { step, decimals: decimalsOf(step) };
  if (whole && (input.kind === "seed" || [input.default, input.minimum, input.maximum].some(isRounded)))
    return { ...look, as: "digits" };
  const steps = range === null ? Number.POSITIVE_INFINITY : range / step;
  return { ...look, as: steps >= FEWEST_STEPS && steps <= MOST_STEPS && isWithin(input) ? "slider" : "field" };
}

function rangeOf({ minimum, maximum }: Pick<Input, "minimum" | "maximum">): number | null {
  if (typeof minimum !== "number" || typeof maximum !== "number") return null;
  return Number.isFinite(maximum - minimum) ? maximum - minimum : null;
}

function stepOf(step: number | null | undefined, whole: boolean, range: number | null): number {
  if (step && step > 0) return whole ? Math.max(1, Math.round(step)) : step;
  if (whole) return 1;
  return range !== null && range > 20 ? 1 : range !== null && range > 2 ? 0.1 : 0.01;
}

/** A slider can't show a value outside its limits. */
function isWithin(input: Pick<Input, "default" | "minimum" | "maximum">): boolean {
  const value = Number(input.default ?? input.minimum);
  return value >= (input.minimum ?? value) && value <= (input.maximum ?? value);
}

function decimalsOf(step: number): number {
  const [mantissa = "", exponent = "0"] = step.toString().toLowerCase().split("e");
  return Math.max(0, (mantissa.split(".")[1]?.length ?? 0) - Number(exponent));
}
