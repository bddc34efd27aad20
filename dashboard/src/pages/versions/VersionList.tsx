import { ActionIcon, Badge, Button, Group, Menu, Paper, Stack, Text } from "@mantine/core";
import { IconDots, IconDownload, IconGitCompare } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { fetchDeployment } from "~/api/deployments";
import { writeExact } from "~/api/exactJson";
import type { DeploymentDetail } from "~/api/types";
import { Ago } from "~/ui/Ago";
import { failed } from "~/ui/notify";
import { saveFile } from "~/ui/saveFile";
import type { Version } from "./queries";
import { RollBack } from "./RollBack";

interface Props {
  deployment: DeploymentDetail;
  versions: Version[];
  onCompare: (before: number, after: number) => void;
}

/** The versions, newest first. */
export function VersionList({ deployment, versions, onCompare }: Props) {
  const { t } = useTranslation("versions");
  return (
    <Paper withBorder>
      <Stack component="ol" gap={0} m={0} p={0} style={{ listStyle: "none" }} aria-label={t("title")}>
        {versions.map((version, at) => (
          <Group
            component="li"
            key={version.version}
            px="md"
            py="sm"
            gap="sm"
            justify="space-between"
            style={at ? { borderTop: "1px solid var(--mantine-color-default-border)" } : undefined}
          >
            <About deployment={deployment} version={version} />
            <Group gap={6} wrap="nowrap">
              {!version.current && (
                <Button
                  size="xs"
                  variant="default"
                  leftSection={<IconGitCompare size={14} aria-hidden />}
                  aria-label={t("compareWithCurrent", { version: version.version })}
                  onClick={() => onCompare(...inTime(version.version, deployment.current_version))}
                >
                  {t("compare")}
                </Button>
              )}
              {!version.current && <RollBack deployment={deployment} version={version.version} />}
              <Downloads name={deployment.name} version={version.version} />
            </Group>
          </Group>
        ))}
      </Stack>
    </Paper>
  );
}

function About({ deployment, version }: { deployment: DeploymentDetail; version: Version }) {
  const { t } = useTranslation("versions");
  const canary = version.version === deployment.canary_version && deployment.canary_percent > 0;
  return (
    <div style={{ flex: "1 1 16rem", minWidth: 0 }}>
      <Group gap="xs">
        <Text fw={650}>{t("version", { version: version.version })}</Text>
        {version.current && (
          <Badge color="teal" variant="light" autoContrast>
            {t("current")}
          </Badge>
        )}
        {canary && (
          <Badge color="yellow" variant="light" autoContrast>
            {t("canaryOf", { percent: deployment.canary_percent })}
          </Badge>
        )}
      </Group>
      {version.note && (
        <Text size="sm" className="break" lineClamp={3}>
          {version.note}
        </Text>
      )}
      <Text size="sm" c="dimmed">
        <Ago at={version.created_at} /> · {t("nodes", { count: version.nodes })}
      </Text>
    </div>
  );
}

function Downloads({ name, version }: { name: string; version: number }) {
  const { t } = useTranslation("versions");
  const workflow = async () => {
    const { workflow_api } = await fetchDeployment(name, version);
    saveFile(writeExact(workflow_api, 2), `${name}-v${version}-workflow_api.json`, "application/json");
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="default" size={30} aria-label={t("downloadOf", { version })}>
          <IconDots size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t("download")}</Menu.Label>
        <Menu.Item leftSection={<IconDownload size={14} aria-hidden />} onClick={() => workflow().catch(failed)}>
          workflow_api.json
        </Menu.Item>
        <Menu.Item
          component="a"
          href={`/api/deployments/${encodeURIComponent(name)}/app?version=${version}`}
          download={`${name}-v${version}-view_comfy.json`}
          leftSection={<IconDownload size={14} aria-hidden />}
        >
          view_comfy.json
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function inTime(one: number, two: number): [number, number] {
  return one < two ? [one, two] : [two, one];
}
