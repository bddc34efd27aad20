/** What is wrong with a deployment's name, as a key of `deploy:name.problem`. */
type NameProblem = "empty" | "tooLong" | "letters" | "ends" | "dots";

const LONGEST = 63;

/** Return what the server would say against a name, or null. */
export function nameProblem(name: string): NameProblem | null {
  if (!name) return "empty";
  if (!/^[a-z0-9._-]*$/.test(name)) return "letters";
  if (name.length > LONGEST) return "tooLong";
  if (!/^[a-z0-9]/.test(name) || !/[a-z0-9]$/.test(name)) return "ends";
  if (name.includes("..")) return "dots";
  return null;
}
