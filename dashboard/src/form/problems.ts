import i18next, { type TFunction } from "i18next";
import type { ApiError, Problem } from "~/api/errors";
import type { Input } from "~/api/types";
import { isRounded, wholeLimit } from "./exact";

type Words = TFunction<"form">;

/** Return what the server found wrong, by the input under which it is to be shown; what belongs to no input is left out. */
export function problemsByInput(
  error: Pick<ApiError, "problems">,
  inputs: readonly Input[],
  t: Words = i18next.getFixedT(null, "form"),
): Record<string, string> {
  const found: Record<string, string[]> = {};
  for (const problem of error.problems) {
    const name = inputOf(problem, inputs);
    if (name !== undefined) found[name] = [...(found[name] ?? []), sentence(problem, t)];
  }
  return Object.fromEntries(
    Object.entries(found).map(([name, sentences]) => [name, [...new Set(sentences)].join(" ")]),
  );
}

function inputOf(problem: Problem, inputs: readonly Input[]): string | undefined {
  const bare = (problem.input ?? "").replace(/-viewcomfymask$/, "");
  const known = (wanted: unknown) => inputs.find((input) => input.name === wanted || input.key === wanted);
  return (known(bare) ?? known(problem.key))?.name;
}

/** 2^64-1 is rounded on its way through JSON; people are told the true limit. */
function exact(limit: number | undefined, side: "minimum" | "maximum"): string | undefined {
  return limit === undefined ? undefined : String(isRounded(limit) ? wholeLimit(limit, side) : limit);
}

/** Say it in the page's language where the kind of the problem tells all, else in the server's words. */
function sentence(problem: Problem, t: Words): string {
  const allowed = (problem.allowed ?? {}) as { kind?: string; minimum?: number; maximum?: number };
  const minimum = exact(allowed.minimum, "minimum");
  const maximum = exact(allowed.maximum, "maximum");
  switch (problem.kind) {
    case "required":
      return t("problem.required");
    case "range":
      if (minimum !== undefined && maximum !== undefined) return t("problem.between", { minimum, maximum });
      if (minimum !== undefined) return t("problem.atLeast", { minimum });
      if (maximum !== undefined) return t("problem.atMost", { maximum });
      break;
    case "type":
      if (allowed.kind === "integer" || allowed.kind === "seed") return t("problem.whole");
      if (allowed.kind === "number") return t("problem.number");
      break;
    case "choice":
    case "choice_on_backend":
      return t("problem.choice");
  }
  return [problem.message, problem.hint].filter((text) => typeof text === "string" && text).join(" ");
}
