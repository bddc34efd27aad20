/** Return a share as people read it: "97%", "99.9%"; never 100% where something is missing. */
export function percent(share: number, language: string): string {
  const fits = share > 0.99 && share < 1 ? Math.min(share, 0.999) : share;
  return new Intl.NumberFormat(language, {
    style: "percent",
    maximumFractionDigits: share > 0.99 && share < 1 ? 1 : 0,
  }).format(fits);
}
