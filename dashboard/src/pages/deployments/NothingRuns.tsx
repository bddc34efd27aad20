import { Alert, Anchor, Code, Group, Stack, Text } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { CopyButton } from "~/ui/CopyButton";
import type { Obstacle } from "./readiness";

const COMMANDS = ["viewcomfy comfyui install", "viewcomfy serve --comfyui /path/to/ComfyUI"];

/** Jobs would not run now: why, and what to type. */
export function NothingRuns({ obstacle }: { obstacle: NonNullable<Obstacle> }) {
  const { t } = useTranslation("deployments");
  return (
    <Alert
      color={obstacle.kind === "failed" ? "red" : "yellow"}
      icon={<IconPlugConnectedX aria-hidden />}
      title={t(`nothingRuns.${obstacle.kind}`)}
    >
      <Text size="sm" className="break">
        {obstacle.kind === "failed"
          ? t("nothingRuns.failedText", { failure: obstacle.failure })
          : t(`nothingRuns.${obstacle.kind}Text`)}
      </Text>
      {obstacle.kind === "none" ? (
        <Stack gap={4} mt="xs" align="flex-start">
          {COMMANDS.map((command) => (
            <Group key={command} gap={4} wrap="nowrap">
              <Code fz="sm" className="break">
                {command}
              </Code>
              <CopyButton value={command} what={command} />
            </Group>
          ))}
        </Stack>
      ) : (
        <Anchor component={Link} href="/backends" size="sm">
          {t("nothingRuns.backends")}
        </Anchor>
      )}
    </Alert>
  );
}
