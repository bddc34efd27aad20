import { Box, Button, Stack, Title } from "@mantine/core";
import { IconSitemap } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { api, must } from "~/api/client";
import { fetchDeployment } from "~/api/deployments";
import { queryClient } from "~/api/queryClient";
import type { DeploymentDetail, Workflow } from "~/api/types";
import { ChangeList } from "~/report/ChangeList";
import { ErrorNote } from "~/ui/ErrorNote";
import { Loading } from "~/ui/Loading";
import { said } from "~/ui/notify";
import { Page } from "~/ui/Page";
import { EditorSection } from "./EditorSection";
import { hasEdits, type InputEdits, toSend } from "./edits";
import { SaveBar } from "./SaveBar";
import { UnsavedGuard } from "./UnsavedGuard";
import { useChecked } from "./useCheck";
import { useEdits, useInputEditor } from "./useInputEditor";
import { useNextVersion } from "./useNextVersion";
import { useNodeFocus } from "./useNodeFocus";
import { WorkflowPanel } from "./WorkflowPanel";

/** Change how callers see the inputs of a deployment; that makes its next version, of the same workflow. */
export default function EditInputsPage({ name }: { name: string }) {
  const { t } = useTranslation("deploy");
  const { t: common } = useTranslation();
  const { data, error, refetch } = useQuery({
    queryKey: ["deployment", name],
    queryFn: () => fetchDeployment(name),
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnMount: "always",
  });
  const trail: [string, string][] = [
    [common("nav.deployments"), "/"],
    [name, `/deployments/${encodeURIComponent(name)}`],
  ];
  return (
    <Page title={t("edit.title")} trail={trail} description={t("edit.help")}>
      {error ? <ErrorNote error={error} onRetry={refetch} /> : null}
      {!data && !error && <Loading />}
      {data && <Editing key={data.version} deployment={data} />}
    </Page>
  );
}

function Editing({ deployment }: { deployment: DeploymentDetail }) {
  const { t } = useTranslation("deploy");
  const [edits, changeEdits] = useEdits();
  const [note, setNote] = useState("");
  const [allowBreaking, setAllowBreaking] = useState(false);
  const workflow = deployment.workflow_api as Workflow;
  const checked = useChecked(
    useMemo(() => ({ workflow_api: workflow }), [workflow]),
    deployment.name,
    edits,
  );
  const editor = useInputEditor(checked.base ?? deployment.inputs, checked.declared, edits, changeEdits);
  const graph = useRef<HTMLElement>(null);
  const focus = useNodeFocus(graph);
  const [graphShown, setGraphShown] = useState(false);
  const { fromReport } = focus;
  const showNode = useCallback(
    (nodeId: string) => {
      setGraphShown(true);
      fromReport(nodeId);
    },
    [fromReport],
  );
  const dirty = hasEdits(edits);
  const changes = (dirty && checked.answer?.changes) || [];
  const breaking = changes.filter((change) => change.breaking).length;
  const save = useSave(deployment.name);
  const version = useNextVersion(deployment.name);
  const wrong = Object.keys(checked.problems).length > 0;
  const send = () =>
    save.mutate({ inputs: toSend(checked.base ?? deployment.inputs, edits, checked.declared), note, allowBreaking });
  return (
    <Stack gap="lg">
      <UnsavedGuard when={dirty && !save.isPending && !save.isSuccess} />
      {checked.error ? <ErrorNote error={checked.error} onRetry={checked.again} /> : null}
      <section ref={graph} aria-label={t("graph.title", { count: deployment.nodes })}>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconSitemap size={16} aria-hidden />}
          aria-expanded={graphShown}
          onClick={() => setGraphShown(!graphShown)}
        >
          {graphShown ? t("graph.hide") : t("graph.show")}
        </Button>
        {graphShown && (
          <Box mt="sm">
            <WorkflowPanel
              workflow={workflow}
              report={checked.answer?.report}
              selected={focus.selected}
              onSelect={focus.fromGraph}
            />
          </Box>
        )}
      </section>
      <EditorSection
        editor={editor}
        problems={checked.problems}
        focus={focus.wanted}
        onNode={showNode}
        isLoading={false}
      />
      {changes.length > 0 && (
        <section aria-labelledby="changes-title">
          <Title order={2} size="h4" mb="sm" id="changes-title">
            {t("changes.title")}
          </Title>
          <ChangeList changes={changes} />
        </section>
      )}
      {save.error && <ErrorNote error={save.error} />}
      <SaveBar
        {...{ note, breaking, allowBreaking, dirty, wrong, version }}
        isPending={save.isPending}
        onNote={setNote}
        onAllowBreaking={setAllowBreaking}
        onSave={send}
      />
    </Stack>
  );
}

function useSave(name: string) {
  const { t } = useTranslation("deploy");
  const [, navigate] = useLocation();
  return useMutation({
    mutationFn: async (wanted: { inputs: InputEdits; note: string; allowBreaking: boolean }) =>
      must(
        await api.PATCH("/api/deployments/{name}/inputs", {
          params: { path: { name } },
          body: { inputs: wanted.inputs, note: wanted.note, allow_breaking: wanted.allowBreaking },
        }),
      ),
    onSuccess: async ({ version }) => {
      said(t("bar.done", { name, version }));
      navigate(`/deployments/${encodeURIComponent(name)}`, { replace: true });
      for (const key of ["deployments", "deployment", "versions"]) {
        await queryClient.invalidateQueries({ queryKey: [key] });
      }
    },
  });
}
