/** Why a file can't be deployed; each has its message in `deployments:fault`. */
type FaultCode =
  | "tooLarge"
  | "empty"
  | "unreadable"
  | "notJson"
  | "notWorkflow"
  | "badNode"
  | "appWithoutWorkflow"
  | "pngWithoutWorkflow"
  | "pngBroken"
  | "refused"
  | "several";

/** A file that can't be deployed, and why. */
export class FileFault extends Error {
  constructor(
    readonly code: FaultCode,
    readonly facts: { file?: string; detail?: string } = {},
  ) {
    super(`${facts.file ?? "The file"}: ${code}${facts.detail ? ` (${facts.detail})` : ""}`);
    this.name = "FileFault";
  }
}
