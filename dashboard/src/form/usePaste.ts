import { type RefObject, useEffect } from "react";
import type { Input } from "~/api/types";
import { pasteTarget } from "./files";
import type { Values } from "./values";

/** Give a file that is pasted anywhere on the page to the field that it suits. */
export function usePaste(
  form: RefObject<HTMLElement | null>,
  inputs: readonly Input[],
  values: Values,
  onFile: (name: string, file: File) => void,
): void {
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      const file = pastedFile(event, form.current);
      const name = file && pasteTarget(inputs, values, focusedInput(form.current), file);
      if (!file || !name) return;
      event.preventDefault();
      onFile(name, file);
    };
    document.addEventListener("paste", paste);
    return () => document.removeEventListener("paste", paste);
  }, [form, inputs, values, onFile]);
}

/** Text goes where it always goes, and what is pasted into another window over the form is not for the form. */
function pastedFile(event: ClipboardEvent, form: HTMLElement | null): File | null {
  const [file] = event.clipboardData?.files ?? [];
  const target = event.target instanceof Element ? event.target : document.body;
  const dialog = target.closest('[role="dialog"]');
  if (!file || !form || event.defaultPrevented || (dialog && !dialog.contains(form))) return null;
  const isTyping = target.closest("input, textarea, [contenteditable]");
  return isTyping && event.clipboardData?.types.includes("text/plain") ? null : file;
}

function focusedInput(form: HTMLElement | null): string | null {
  const focused = document.activeElement?.closest<HTMLElement>("[data-input]");
  return focused && form?.contains(focused) ? (focused.dataset.input ?? null) : null;
}
