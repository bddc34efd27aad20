import type { Job, Output } from "~/api/types";
import { isVisual, outputKind } from "~/outputs/outputKind";

/** An output and the job that made it. */
export interface Shown {
  job: Job;
  output: Output;
}

/** Return the pictures and videos of the jobs in the order in which they stand on the page. */
export function gallery(jobs: readonly Job[]): Shown[] {
  return jobs.flatMap((job) => (job.outputs ?? []).filter(isVisual).map((output) => ({ job, output })));
}

/** Return where one of them is now, for the list grows while it is looked at; null where it is not any more. */
export function placeOf(all: readonly Shown[], shown: Shown | null): number | null {
  if (!shown) return null;
  const index = all.findIndex((one) => nameOf(one) === nameOf(shown));
  return index < 0 ? null : index;
}

/** Return what tells an output from all others. */
export function nameOf({ job, output }: Shown): string {
  return `${job.prompt_id}/${output.filename}`;
}

/** Return the pictures that one can be compared with: those of the same job, then the one made before it, then the others. */
export function comparables(all: readonly Shown[], shown: Shown): Shown[] {
  const pictures = all.filter(({ output }) => outputKind(output) === "image");
  const at = pictures.findIndex((one) => nameOf(one) === nameOf(shown));
  const others = pictures.filter((_, index) => index !== at);
  const older = others.filter(
    (one) => one.job.prompt_id !== shown.job.prompt_id && one.job.created_at <= shown.job.created_at,
  );
  const same = others.filter((one) => one.job.prompt_id === shown.job.prompt_id);
  return [...new Set([...same, ...older, ...others])];
}
