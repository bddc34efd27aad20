import { type RefObject, useEffect } from "react";

const ROW = 8;
const GAP = 16;

/** Let an element of a grid take as many of its low rows as it is high, so that cards of different heights leave no holes. */
export function useRowSpan(ref: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    const fit = () => {
      element.style.setProperty("--rows", String(Math.ceil((element.offsetHeight + GAP) / ROW)));
    };
    const observer = new ResizeObserver(fit);
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
}
