import { Button, Checkbox, Group, Stack, Switch, Text } from "@mantine/core";
import { IconRocket } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { ConfirmButton } from "~/ui/ConfirmButton";
import { ActionBar } from "./ActionBar";
import type { Obstacle } from "./deployable";

interface Props {
  found: Obstacle | null;
  isPending: boolean;
  isNew: boolean;
  /** The version that is to be made, of a known deployment. */
  version: number | null;
  makeCurrent: boolean;
  onMakeCurrent: (on: boolean) => void;
  /** How many changes break calls; 0 where nothing has to be confirmed. */
  breaking: number;
  allowBreaking: boolean;
  onAllowBreaking: (on: boolean) => void;
  onDeploy: (force: boolean) => void;
}

/** Deploy it, and what has to be said before. */
export function DeployBar(props: Props) {
  const { found, isPending, isNew, version, breaking, onDeploy } = props;
  const { t } = useTranslation("deploy");
  const label = isNew || version === null ? t("bar.deploy") : t("bar.deployVersion", { version });
  const icon = <IconRocket size={18} aria-hidden />;
  return (
    <ActionBar>
      <Stack gap={6} style={{ flex: "1 1 16rem", minWidth: 0 }}>
        {!isNew && (
          <Switch
            label={t("bar.makeCurrent")}
            description={props.makeCurrent ? undefined : t("bar.notCurrent")}
            checked={props.makeCurrent}
            onChange={(event) => props.onMakeCurrent(event.currentTarget.checked)}
          />
        )}
        {breaking > 0 && (
          <Checkbox
            color="red"
            label={t("bar.allowBreaking", { count: breaking })}
            checked={props.allowBreaking}
            onChange={(event) => props.onAllowBreaking(event.currentTarget.checked)}
          />
        )}
        <Text size="sm" c="dimmed" aria-live="polite">
          {found ? t(`bar.why.${found}`) : t("bar.ready")}
        </Text>
      </Stack>
      <Group gap="xs">
        {found === "report" ? (
          <ConfirmButton
            color="red"
            variant="light"
            loading={isPending}
            leftSection={icon}
            question={t("bar.forceQuestion")}
            consequence={t("bar.forceMeans")}
            onConfirm={() => onDeploy(true)}
          >
            {t("bar.force")}
          </ConfirmButton>
        ) : (
          <Button leftSection={icon} loading={isPending} disabled={found !== null} onClick={() => onDeploy(false)}>
            {label}
          </Button>
        )}
      </Group>
    </ActionBar>
  );
}
