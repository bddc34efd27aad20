const place = (deployment: string) => `viewcomfy-visited-${deployment}`;

/** Keep in mind that this browser was let in: who is not any more is told so. */
export function keepVisit(deployment: string): void {
  try {
    localStorage.setItem(place(deployment), "1");
  } catch {
    // a browser that keeps nothing tells less
  }
}

/** Tell whether this browser was let in before. */
export function hasVisited(deployment: string): boolean {
  try {
    return localStorage.getItem(place(deployment)) !== null;
  } catch {
    return false;
  }
}
