import { Text, Title } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { jobDetail } from "~/api/jobs";
import { useSession } from "~/api/session";
import type { DeploymentDetail, Job } from "~/api/types";
import { AccessDialog } from "./AccessDialog";
import { Announcer } from "./Announcer";
import { NO_FILTERS } from "./jobList";
import { LogDrawer } from "./LogDrawer";
import { PlayContext } from "./PlayContext";
import classes from "./Playground.module.css";
import { PlayShell } from "./PlayShell";
import { headline } from "./params";
import { Results } from "./Results";
import { RunPanel } from "./RunPanel";
import { useActions } from "./useActions";
import { useEndings } from "./useEndings";
import { useFromJob } from "./useFromJob";
import { usePlayForm } from "./usePlayForm";
import { usePlayJobs } from "./usePlayJobs";
import { useRun } from "./useRun";
import { Viewer } from "./Viewer";
import { keepVisit } from "./visits";

/** The form of a deployment on the one side, its jobs on the other. */
export function Playground({ deployment }: { deployment: DeploymentDetail }) {
  const { t } = useTranslation("play");
  const { name, inputs } = deployment;
  const title = deployment.title || name;
  const session = useSession().data;
  const role = session?.role;
  useEffect(() => {
    if (role && role !== "admin") keepVisit(name);
  }, [role, name]);
  const [filters, setFilters] = useState(NO_FILTERS);
  const [entering, setEntering] = useState(false);
  const [announced, setAnnounced] = useState("");
  const form = usePlayForm(name, inputs);
  const formPart = useRef<HTMLDivElement>(null);
  const resultsPart = useRef<HTMLDivElement>(null);
  const tellEnd = useEndings(title);
  const onEnd = async (job: Job) => {
    if (session && job.key_id !== session.key_id) return;
    const detail = await jobDetail(job.prompt_id).catch(() => null);
    const about = detail ? headline(inputs, detail) : "";
    setAnnounced(`${t(job.status === "succeeded" ? "ended.succeeded" : "ended.failed")} ${about}`);
    tellEnd(job, about);
  };
  const jobs = usePlayJobs(name, filters, (job) => void onEnd(job));
  const run = useRun(name, inputs, form, formPart, (job) => {
    jobs.add(job);
    setAnnounced(t("run.accepted"));
    showOnPhone(resultsPart.current);
  });
  const closeDoor = () => {
    run.forgive();
    setEntering(false);
  };
  const entered = () => {
    closeDoor();
    jobs.startOver();
  };
  const { actions, viewed, setViewed, compared, setCompared, logged, setLogged } = useActions(inputs, {
    form,
    forget: jobs.forget,
    refresh: jobs.add,
    showForm: (input) => showForm(formPart.current, input),
  });
  useFromJob(actions.again);
  return (
    <PlayContext value={actions}>
      <PlayShell managed={role === "admin" ? name : undefined}>
        <div className={classes.grid}>
          <section className={classes.form} ref={formPart} aria-labelledby="play-title">
            <Title order={1} size="h3" id="play-title" className="break">
              {title}
            </Title>
            {deployment.description && (
              <Text c="dimmed" size="sm" mt={4} className="break" style={{ whiteSpace: "pre-line" }}>
                {deployment.description}
              </Text>
            )}
            <RunPanel inputs={inputs} form={form} run={run} />
          </section>
          <section className={classes.results} ref={resultsPart} aria-label={t("results")}>
            <Results
              jobs={jobs}
              onEnter={() => setEntering(true)}
              filters={filters}
              onFilters={setFilters}
              ran={run.count > 0}
              logging={logged !== null}
            />
          </section>
        </div>
      </PlayShell>
      <Viewer jobs={jobs.jobs} viewed={viewed} onView={setViewed} compared={compared} onCompare={setCompared} />
      <LogDrawer job={logged} onClose={() => setLogged(null)} />
      <AccessDialog name={name} opened={run.signedOut || entering} onDone={entered} onClose={closeDoor} />
      <Announcer text={announced} />
    </PlayContext>
  );
}

/** Where form and results stand one below the other, what was just started is brought into view. */
function showOnPhone(results: HTMLElement | null): void {
  if (window.matchMedia("(max-width: 62em)").matches) results?.scrollIntoView({ behavior: "smooth", block: "start" });
}

/** The form scrolls by itself where it stands beside the results, and with the page where it stands above them. */
function showForm(form: HTMLElement | null, input?: string): void {
  const field = input === undefined ? null : form?.querySelector(`[data-input="${CSS.escape(input)}"]`);
  if (field) field.scrollIntoView({ behavior: "smooth", block: "center" });
  else {
    form?.scrollTo({ top: 0, behavior: "smooth" });
    form?.scrollIntoView({ behavior: "smooth", block: "start" });
  }
}
