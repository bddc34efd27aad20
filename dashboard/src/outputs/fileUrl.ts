import { errorOf } from "~/api/client";
import { unreachable } from "~/api/errors";

/** What a signed link leads to. */
interface Linked {
  url: string;
  filename: string;
  content_type: string;
}

/**
 * Return a file's link on the host that this page came from. The server writes links with its public URL; pages may show and fetch only
 * what is on their own host, and that serves the files as well.
 */
export function fileUrl(url: string): string {
  const { pathname, search } = new URL(url, location.origin);
  return pathname + search;
}

/** Fetch what a link leads to as a file, to be sent again. Throws ApiError. */
export async function fetchFile({ url, filename, content_type }: Linked): Promise<File> {
  const response = await fetch(fileUrl(url)).catch((cause) => {
    throw unreachable(cause);
  });
  if (!response.ok) throw await errorOf(response);
  return new File([await response.blob()], filename, { type: content_type });
}

/** Have the browser save what a link leads to. */
export function download({ url, filename }: Linked): void {
  const anchor = document.createElement("a");
  anchor.href = fileUrl(url);
  anchor.download = filename;
  anchor.click();
}
