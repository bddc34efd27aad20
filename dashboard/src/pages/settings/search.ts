import type { Setting } from "~/api/types";

/** Return the settings that a search finds, by name, value or meaning. */
export function found(settings: readonly Setting[], search: string): Setting[] {
  const wanted = search.trim().toLowerCase();
  return settings.filter((one) => `${one.name} ${one.value ?? ""} ${one.description}`.toLowerCase().includes(wanted));
}

/** Return a value as it is shown. */
export function shown(value: Setting["value"]): string {
  return value === null || value === "" ? "–" : String(value);
}
