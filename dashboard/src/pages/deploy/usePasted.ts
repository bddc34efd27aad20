import { useEffect } from "react";

/** Hand over a file that is pasted anywhere on the page, or the JSON text as a file; what is pasted into a field is left to it. */
export function usePasted(onFiles: (files: File[]) => void): void {
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      const target = event.target as HTMLElement | null;
      if (event.defaultPrevented || target?.closest("input, textarea, [contenteditable]")) return;
      const files = [...(event.clipboardData?.files ?? [])];
      const text = event.clipboardData?.getData("text/plain").trim() ?? "";
      if (files.length) onFiles(files);
      else if (text.startsWith("{")) onFiles([asFile(text)]);
      else return;
      event.preventDefault();
    };
    document.addEventListener("paste", paste);
    return () => document.removeEventListener("paste", paste);
  }, [onFiles]);
}

export function asFile(text: string): File {
  return new File([text], "workflow_api.json", { type: "application/json" });
}
