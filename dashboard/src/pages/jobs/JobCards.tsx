import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { JobCard } from "./JobCard";
import type { JobListProps } from "./JobList";
import classes from "./Jobs.module.css";
import { useRows } from "./useRows";

const HEIGHT = 112;

/** The jobs as cards, on a narrow screen; only those in sight are there. */
export function JobCards({ jobs, more, selection, nameOf, onSelect, onAct, onEnd, onRow }: JobListProps) {
  const { t } = useTranslation("jobs");
  const list = useRef<HTMLUListElement>(null);
  const { items, offset, size } = useRows({ jobs, height: HEIGHT, top: list, more, onEnd, onRow });
  return (
    <ul ref={list} className={classes.cards} style={{ height: size }} aria-label={t("title")}>
      {items.map(({ index, key, start }) => {
        const job = jobs[index];
        if (!job) return null;
        return (
          <li
            key={key}
            className={classes.card}
            style={{ height: HEIGHT, transform: `translateY(${offset(start)}px)` }}
            aria-setsize={more ? -1 : jobs.length}
            aria-posinset={index + 1}
          >
            <JobCard
              job={job}
              keyName={nameOf(job.key_id)}
              selected={selection.has(job.prompt_id)}
              onSelect={onSelect}
              onAct={onAct}
            />
          </li>
        );
      })}
    </ul>
  );
}
