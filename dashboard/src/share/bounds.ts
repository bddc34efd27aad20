/** What bounds a key or a share link, as the form has it: empty means no bound. */
export interface Bounds {
  name: string;
  /** Days from now; "" is for ever. */
  days: number | "";
  active: number | "";
  running: number | "";
  perDay: number | "";
}

export const NO_BOUNDS: Bounds = { name: "", days: "", active: "", running: "", perDay: "" };

/** Return the bounds as the API takes them. */
export function bounded(bounds: Bounds, now = Date.now() / 1000) {
  return {
    name: bounds.name.trim(),
    expires_at: bounds.days === "" ? null : Math.round(now + bounds.days * 86_400),
    max_active: bounds.active === "" ? null : bounds.active,
    max_running: bounds.running === "" ? null : bounds.running,
    max_per_day: bounds.perDay === "" ? null : bounds.perDay,
  };
}

/** Return what a number field says: a number above its least, or "" for none. */
export function numberOrNone(value: number | string): number | "" {
  const number = typeof value === "number" ? value : Number.parseFloat(value);
  return Number.isFinite(number) && number > 0 ? number : "";
}
