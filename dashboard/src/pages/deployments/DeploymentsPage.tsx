import { Button, Stack, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorNote } from "~/ui/ErrorNote";
import { Loading } from "~/ui/Loading";
import { Page } from "~/ui/Page";
import { FilePicker } from "~/workflow-file/FilePicker";
import { DeploymentRow } from "./DeploymentRow";
import { FirstSteps } from "./FirstSteps";
import { NothingRuns } from "./NothingRuns";
import { found, type Row } from "./rows";
import { useOverview } from "./useOverview";

const MANY = 8;
const MOST = 50;

/** Home: every deployment and how it does, or what to do where there is none. */
export default function DeploymentsPage() {
  const { t } = useTranslation("deployments");
  const { deployments, rows, figuresKnown, obstacle } = useOverview();
  return (
    <Page title={t("title")} actions={rows.length > 0 && <FilePicker>{t("add")}</FilePicker>}>
      {obstacle && <NothingRuns obstacle={obstacle} />}
      {deployments.isPending && <Loading />}
      {deployments.isError && <ErrorNote error={deployments.error} onRetry={() => deployments.refetch()} />}
      {deployments.data && (rows.length ? <Rows rows={rows} known={figuresKnown} /> : <FirstSteps />)}
    </Page>
  );
}

function Rows({ rows, known }: { rows: Row[]; known: boolean }) {
  const { t } = useTranslation("deployments");
  const [query, setQuery] = useState("");
  const [all, setAll] = useState(false);
  const matching = found(rows, query);
  const shown = all ? matching : matching.slice(0, MOST);
  return (
    <>
      {rows.length > MANY && (
        <TextInput
          type="search"
          aria-label={t("search")}
          placeholder={t("search")}
          leftSection={<IconSearch size={16} aria-hidden />}
          value={query}
          onChange={(event) => setQuery(event.currentTarget.value)}
          maw={420}
        />
      )}
      <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: "none" }}>
        {shown.map((row) => (
          <DeploymentRow key={row.deployment.name} row={row} known={known} />
        ))}
      </Stack>
      {shown.length < matching.length && (
        <Button variant="default" onClick={() => setAll(true)} style={{ alignSelf: "center" }}>
          {t("showAll", { count: matching.length })}
        </Button>
      )}
      {shown.length === 0 && (
        <Text c="dimmed" role="status" className="break">
          {t("noneFound", { query })}
        </Text>
      )}
    </>
  );
}
