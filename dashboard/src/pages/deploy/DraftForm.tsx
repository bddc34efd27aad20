import { Stack, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { api, must } from "~/api/client";
import { queryClient } from "~/api/queryClient";
import { MissingModels } from "~/models/MissingModels";
import { missingModels } from "~/models/missing";
import { ErrorNote } from "~/ui/ErrorNote";
import { said } from "~/ui/notify";
import { type Draft, useDraft } from "~/workflow-file/draft";
import { AboutCard } from "./AboutCard";
import { type About, aboutDraft, isPoolName, placeToCheck, shownAbout, warmUpToSend } from "./about";
import { DeployBar } from "./DeployBar";
import { mustConfirm, obstacle } from "./deployable";
import { EditorSection } from "./EditorSection";
import { type Edits, hasEdits, toSend } from "./edits";
import { Findings } from "./Findings";
import { nameProblem } from "./nameRule";
import { UnsavedGuard } from "./UnsavedGuard";
import { useChecked, workflowOf } from "./useCheck";
import { useEdits, useInputEditor } from "./useInputEditor";
import { useNextVersion } from "./useNextVersion";
import { useNodeFocus } from "./useNodeFocus";
import { WorkflowPanel } from "./WorkflowPanel";

/** A workflow on its way to being deployed. */
export function DraftForm({ draft }: { draft: Draft }) {
  const { t } = useTranslation("deploy");
  const [about, setAbout] = useState<About>(() => aboutDraft(draft));
  const [allowBreaking, setAllowBreaking] = useState(false);
  const [edits, changeEdits] = useEdits();
  const before = useBefore(about.name);
  const version = useNextVersion(before?.name);
  const shown = shownAbout(about, draft, before);
  const { environment, memory, pool } = about;
  const wanted = useMemo(() => placeToCheck({ environment, memory, pool }), [environment, memory, pool]);
  const [place] = useDebouncedValue(wanted, 300);
  const checked = useChecked(draft, useDebouncedValue(before?.name, 300)[0], edits, place);
  const editor = useInputEditor(checked.base, checked.declared, edits, changeEdits);
  const graph = useRef<HTMLElement>(null);
  const focus = useNodeFocus(graph);
  const workflow = workflowOf(draft);
  const changes = before ? (checked.answer?.changes ?? []) : [];
  const standing = {
    nameIsGood: nameProblem(about.name) === null && isPoolName(shown.pool),
    report: checked.answer?.report,
    failed: !checked.answer && !!checked.error,
    editProblems: Object.keys(checked.problems).length,
    changes,
    makeCurrent: shown.makeCurrent,
    allowBreaking,
  };
  const found = obstacle(standing);
  const deploy = useDeploy(draft, about, shown, () =>
    checked.base && hasEdits(edits) ? toSend(checked.base, edits, checked.declared) : {},
  );
  const { set } = editor.actions;
  const use = useCallback(
    ({ node_id, input_name }: { node_id: string; input_name: string }, value: string) =>
      set(`${node_id}-inputs-${input_name}`, "default", value),
    [set],
  );
  const tell = useCallback((more: Partial<About>) => setAbout((now) => ({ ...now, ...more })), []);
  return (
    <Stack gap="lg">
      <UnsavedGuard when={isTouched(about, edits) && !deploy.isPending && !deploy.isSuccess} />
      <AboutCard {...{ about, draft, before, version }} onChange={tell} />
      <Findings
        answer={checked.answer}
        error={checked.error}
        isChecking={checked.isChecking}
        again={checked.again}
        hasBefore={!!before}
        onNode={focus.fromReport}
        onUse={use}
      />
      <MissingModels
        models={missingModels(
          [...(draft.models ?? []), ...(before?.models ?? [])],
          checked.answer?.report,
          workflow ?? {},
        )}
        pool={shown.pool}
        onDone={checked.again}
      />
      {workflow && (
        <section ref={graph} aria-labelledby="graph-title">
          <Title order={2} size="h4" mb="sm" id="graph-title">
            {t("graph.title", { count: Object.keys(workflow).length })}
          </Title>
          <WorkflowPanel
            workflow={workflow}
            report={checked.answer?.report}
            selected={focus.selected}
            onSelect={focus.fromGraph}
          />
        </section>
      )}
      <EditorSection
        editor={editor}
        problems={checked.problems}
        focus={focus.wanted}
        onNode={focus.fromReport}
        isLoading={!checked.base && !checked.error}
      />
      {deploy.error && <ErrorNote error={deploy.error} />}
      <DeployBar
        found={found}
        isPending={deploy.isPending}
        version={version}
        isNew={!before}
        makeCurrent={shown.makeCurrent}
        onMakeCurrent={(makeCurrent) => tell({ makeCurrent })}
        breaking={mustConfirm(standing) ? changes.filter((change) => change.breaking).length : 0}
        allowBreaking={allowBreaking}
        onAllowBreaking={setAllowBreaking}
        onDeploy={(force) => deploy.mutate({ force, allowBreaking })}
      />
    </Stack>
  );
}

function isTouched(about: About, edits: Edits): boolean {
  return hasEdits(edits) || about.title !== null || about.description !== null || about.note !== "";
}

/** The deployment of this name, where there is one. */
function useBefore(name: string) {
  const { data } = useQuery({
    queryKey: ["deployments"],
    queryFn: async () => must(await api.GET("/api/deployments")),
  });
  return data?.find((one) => one.name === name);
}

function useDeploy(
  draft: Draft,
  about: About,
  shown: ReturnType<typeof shownAbout>,
  inputs: () => ReturnType<typeof toSend>,
) {
  const { t } = useTranslation("deploy");
  const [, navigate] = useLocation();
  const [, setDraft] = useDraft();
  return useMutation({
    mutationFn: async ({ force, allowBreaking }: { force: boolean; allowBreaking: boolean }) => {
      const { workflow_api, app_file } = draft;
      return must(
        await api.PUT("/api/deployments/{name}", {
          params: { path: { name: about.name } },
          body: {
            workflow_api,
            app_file,
            inputs: inputs(),
            title: about.title ?? (draft.title || null),
            description: about.description,
            note: about.note,
            time_limit: shown.timeLimit,
            cancel_on_disconnect: shown.cancelOnDisconnect,
            pool: shown.pool,
            priority: shown.priority,
            memory: shown.memory,
            environment: about.environment,
            warm_up: warmUpToSend(about),
            models: draft.models?.length ? draft.models : null,
            force,
            allow_breaking: allowBreaking,
            make_current: shown.makeCurrent,
          },
        }),
      );
    },
    onSuccess: async (deployed) => {
      said(t("bar.done", { name: deployed.name, version: deployed.version }));
      for (const key of ["deployments", "deployment", "versions"]) {
        await queryClient.invalidateQueries({ queryKey: [key] });
      }
      navigate(`/deployments/${encodeURIComponent(deployed.name)}`, { replace: true });
      setDraft(null);
    },
  });
}
