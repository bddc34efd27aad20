/** Tell whether files are dragged, and not text or a picture of the page itself. */
export function carriesFiles(transfer: Pick<DataTransfer, "types"> | null): boolean {
  return transfer !== null && [...transfer.types].includes("Files");
}

/** Return the deployment whose page this is: what is dropped there becomes its next version. */
export function deploymentAt(location: string): string | undefined {
  const name = /^\/deployments\/([^/]+)/.exec(location)?.[1];
  return name === undefined ? undefined : decodeURIComponent(name);
}
