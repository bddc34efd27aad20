import { useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "~/api/client";
import { fetchJob, jobDetail, jobKey } from "~/api/jobs";
import { queryClient } from "~/api/queryClient";
import type { Input, Job, Output } from "~/api/types";
import { initialValues, type Values } from "~/form/values";
import { fetchFile } from "~/outputs/fileUrl";
import type { Shown } from "./gallery";
import type { PlayActions } from "./PlayContext";
import { paramsText, uploadsOf, valuesOf } from "./params";
import { failed, said } from "./tell";
import type { PlayForm } from "./usePlayForm";

interface Around {
  form: PlayForm;
  forget: (promptId: string) => void;
  /** A job has news. */
  refresh: (job: Job) => void;
  /** Bring the form into view, or one input of it. */
  showForm: (input?: string) => void;
}

/** What the buttons of the page do, and which dialog is open. */
export function useActions(inputs: Input[], around: Around) {
  const { t } = useTranslation("play");
  const [viewed, setViewed] = useState<Shown | null>(null);
  const [compared, setCompared] = useState<Shown | null>(null);
  const [logged, setLogged] = useState<Job | null>(null);
  const latest = useRef(around);
  latest.current = around;

  const actions = useMemo<PlayActions>(() => {
    const into = (values: Values, message: string, input?: string) => {
      setViewed(null);
      latest.current.form.setSeveral(values);
      setTimeout(() => latest.current.showForm(input), 250); // once the dialog has given the scrolling back
      said(message);
    };
    const sendTo = async (output: Output, input: Input) =>
      into(
        { [input.name]: { file: await fetchFile(output) } },
        t("output.sent", { name: input.label || input.name }),
        input.name,
      );
    const again = async (job: Pick<Job, "prompt_id">) => {
      const detail = await jobDetail(job.prompt_id);
      const files = await uploadedFiles(inputs, detail);
      into({ ...initialValues(inputs), ...valuesOf(inputs, detail.inputs ?? {}), ...files.values }, t("again.done"));
      if (files.missing.length) failed(new Error(t("again.missing", { names: files.missing.join(", ") })));
    };
    const copyParams = async (job: Job) => {
      const detail = await jobDetail(job.prompt_id);
      await copyText(paramsText(inputs, detail.inputs ?? {}));
      said(t("params.copied"));
    };
    const cancel = async (job: Job) => {
      await api.POST("/api/jobs/{prompt_id}/cancel", { params: { path: { prompt_id: job.prompt_id } } });
      const queryKey = jobKey(job.prompt_id);
      await queryClient.fetchQuery({ queryKey, queryFn: () => fetchJob(job.prompt_id), staleTime: 0 });
    };
    const remove = async (job: Job) => {
      await api.DELETE("/api/jobs/{prompt_id}", { params: { path: { prompt_id: job.prompt_id } } });
      latest.current.forget(job.prompt_id);
    };
    const told =
      <T extends unknown[]>(act: (...given: T) => Promise<void>) =>
      (...given: T) =>
        void act(...given).catch(failed);
    return {
      inputs,
      open: (job, output) => setViewed({ job, output }),
      compare: (job, output) => setCompared({ job, output }),
      sendTo: told(sendTo),
      again: told(again),
      copyParams: told(copyParams),
      showLog: setLogged,
      cancel: told(cancel),
      remove: told(remove),
    };
  }, [inputs, t]);
  return { actions, viewed, setViewed, compared, setCompared, logged, setLogged };
}

/** Fetch the files that a job was sent; those that have been removed since are named as missing. */
async function uploadedFiles(inputs: Input[], detail: Awaited<ReturnType<typeof jobDetail>>) {
  const uploads = uploadsOf(inputs, detail.uploads ?? []);
  const fetched = await Promise.allSettled(uploads.map(fetchFile));
  const values: Values = {};
  const missing: string[] = [];
  fetched.forEach((file, index) => {
    const upload = uploads[index];
    if (!upload) return;
    if (file.status === "fulfilled") values[upload.input] = { file: file.value };
    else missing.push(upload.filename);
  });
  return { values, missing };
}

/** navigator.clipboard is kept from pages that came over plain HTTP from another machine. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
