import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Job } from "~/api/types";

const NEAR_END = 30;

interface Wanted {
  jobs: Job[];
  height: number;
  /** Where the rows begin. */
  top: RefObject<HTMLElement | null>;
  /** Jobs that are not loaded yet follow. */
  more: boolean;
  onEnd: () => void;
  onRow: (row: number) => void;
}

/** The rows of a long list that are in sight, as the window scrolls; what comes in above does not move what is being read. */
export function useRows({ jobs, height, top, more, onEnd, onRow }: Wanted) {
  const [margin, setMargin] = useState(0);
  const rows = useWindowVirtualizer({
    count: jobs.length,
    estimateSize: () => height,
    overscan: 8,
    scrollMargin: margin,
    getItemKey: (index) => jobs[index]?.prompt_id ?? index,
  });
  useLayoutEffect(() => {
    const measure = () => setMargin((top.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [top]);

  const items = rows.getVirtualItems();
  const first = Math.max(Math.floor((window.scrollY - margin) / height), 0);
  const before = useRef<{ jobs: Job[]; first: number }>({ jobs, first });
  useLayoutEffect(() => {
    const { jobs: had, first: row } = before.current;
    before.current = { jobs, first };
    const seen = had[row]?.prompt_id;
    if (had === jobs || !row || !seen) return;
    const now = jobs.findIndex((job) => job.prompt_id === seen);
    if (now >= 0 && now !== row) window.scrollBy(0, (now - row) * height);
  });

  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && last >= jobs.length - NEAR_END) onEnd();
  }, [more, last, jobs.length, onEnd]);
  useEffect(() => onRow(first), [first, onRow]);
  return { items, offset: (start: number) => start - margin, size: rows.getTotalSize() };
}
