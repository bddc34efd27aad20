import { Badge, Group, Stack, Tabs, Text } from "@mantine/core";
import { IconActivity, IconCode, IconReport, IconSitemap } from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { DeploymentDetail, Workflow } from "~/api/types";
import { Health } from "~/health/Health";
import { ErrorNote } from "~/ui/ErrorNote";
import { Loading } from "~/ui/Loading";
import { Page } from "~/ui/Page";
import { Actions } from "./Actions";
import { Endpoint } from "./Endpoint";
import classes from "./Tabs.module.css";
import { useDeployment } from "./useDeployment";
import { useTab } from "./useTab";

const CallTab = lazy(() => import("./CallTab"));
const ActivityTab = lazy(() => import("./ActivityTab"));
const ReportTab = lazy(() => import("./ReportTab"));
const WorkflowGraph = lazy(() => import("~/graph/WorkflowGraph"));

const TABS = ["call", "activity", "report", "graph"] as const;
const ICONS = { call: IconCode, activity: IconActivity, report: IconReport, graph: IconSitemap };

/** One deployment: its endpoint, how to call it, how it does. */
export default function DeploymentPage({ name }: { name: string }) {
  const { t } = useTranslation("deployment");
  const { t: common } = useTranslation();
  const deployment = useDeployment(name);
  return (
    <Page
      title={deployment.data?.title || name}
      trail={[[common("nav.deployments"), "/"]]}
      description={deployment.data && <About deployment={deployment.data} />}
      actions={deployment.data && <Actions name={name} />}
    >
      {deployment.isPending && <Loading />}
      {deployment.isError && <ErrorNote error={deployment.error} onRetry={() => deployment.refetch()} />}
      {deployment.data && (
        <>
          <Endpoint url={deployment.data.url} />
          <Parts deployment={deployment.data} label={t("parts")} />
        </>
      )}
    </Page>
  );
}

function About({ deployment }: { deployment: DeploymentDetail }) {
  const { t } = useTranslation("deployment");
  const { name, title, description, version, nodes, canary_version, canary_percent, note } = deployment;
  return (
    <Stack gap={6}>
      <Group gap="xs">
        {title && (
          <Text span size="sm" ff="monospace" className="break">
            {name}
          </Text>
        )}
        <Text span size="sm">
          {t("version", { version })} · {t("nodes", { count: nodes })}
        </Text>
        <Health name={name} />
        {canary_version !== null && (
          <Badge variant="outline">{t("canary", { percent: canary_percent, version: canary_version })}</Badge>
        )}
      </Group>
      {description && <Text className="break">{description}</Text>}
      {note && (
        <Text size="sm" className="break">
          {t("note", { note })}
        </Text>
      )}
    </Stack>
  );
}

function Parts({ deployment, label }: { deployment: DeploymentDetail; label: string }) {
  const { t } = useTranslation("deployment");
  const [tab, setTab] = useTab("tab", TABS);
  return (
    <Tabs value={tab} onChange={setTab} keepMounted={false} classNames={{ tab: classes.tab, tabSection: classes.icon }}>
      <Tabs.List aria-label={label} mb="md">
        {TABS.map((one) => {
          const Icon = ICONS[one];
          return (
            <Tabs.Tab key={one} value={one} leftSection={<Icon size={16} aria-hidden />}>
              {t(`tab.${one}`)}
            </Tabs.Tab>
          );
        })}
      </Tabs.List>
      <Tabs.Panel value={tab}>
        <Suspense fallback={<Loading />}>
          <Part deployment={deployment} tab={tab} />
        </Suspense>
      </Tabs.Panel>
    </Tabs>
  );
}

function Part({ deployment, tab }: { deployment: DeploymentDetail; tab: (typeof TABS)[number] }) {
  if (tab === "activity") return <ActivityTab name={deployment.name} />;
  if (tab === "report") return <ReportTab deployment={deployment} />;
  if (tab === "graph")
    return <WorkflowGraph workflow={deployment.workflow_api as Workflow} height="max(420px, 60vh)" />;
  return <CallTab deployment={deployment} />;
}
