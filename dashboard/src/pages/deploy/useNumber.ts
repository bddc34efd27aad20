import { useRef } from "react";

/** Return a number that is another one whenever the value is another object. */
export function useNumber(value: unknown): number {
  const seen = useRef({ value, number: 0 });
  if (seen.current.value !== value) seen.current = { value, number: seen.current.number + 1 };
  return seen.current.number;
}
