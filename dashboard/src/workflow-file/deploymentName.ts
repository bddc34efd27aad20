const LONGEST = 63;
/** What programs call a file when nobody has named it. */
const NOBODYS = /^(workflow|api|comfyui|comfy|view-comfy|viewcomfy|untitled|unsaved-workflow|export|download|prompt)$/;
const FALLBACK = "my-workflow";

/** Return the name of a deployment that a text suggests; "" where nothing of it can stand in a name. */
export function nameFrom(text: string): string {
  return text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[\u0300-\u036f'’]/g, "")
    .replace(/[^a-z0-9._]+/g, "-")
    .replace(/\.{2,}/g, ".")
    .slice(0, LONGEST)
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, "");
}

/** Return a name for what a file holds: by its title or file name, without what browsers and ComfyUI add to it. */
export function suggestName(filename: string, title = ""): string {
  const stem = filename.replace(/\.(json|png)$/i, "").replace(/\s*\(\d+\)$/, "");
  const bare = nameFrom(stem.replace(/_\d{3,}_*$/, "")).replace(/[-_.]api$/, "");
  const ofFile = NOBODYS.test(bare.replaceAll("_", "-")) ? "" : bare;
  return nameFrom(title) || ofFile || FALLBACK;
}
