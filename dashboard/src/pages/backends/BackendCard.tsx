import { Alert, Anchor, Badge, Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconExternalLink, IconFileText } from "@tabler/icons-react";
import { Trans, useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { Backend } from "~/api/types";
import { Ago } from "~/ui/Ago";
import { BackendFacts } from "./BackendFacts";
import { BackendLog } from "./BackendLog";
import { condition, reachable } from "./condition";
import { Orders } from "./Orders";

const COLOURS = {
  working: "blue",
  ready: "teal",
  starting: "yellow",
  stopped: "gray",
  failed: "red",
  draining: "orange",
} as const;

/** One ComfyUI: how it does, what it does, and what can be done with it. */
export function BackendCard({ worker, backend, level }: { worker: string; backend: Backend; level: 2 | 3 }) {
  const { t } = useTranslation("backends");
  const [log, { open, close }] = useDisclosure(false);
  const state = condition(backend);
  return (
    <Card withBorder component="section" aria-label={backend.name}>
      <Stack gap="sm">
        <Group justify="space-between" align="flex-start">
          <div>
            <Title order={level} size="h4" className="break">
              {backend.name}
            </Title>
            <Text size="sm" c="dimmed">
              <Trans t={t} i18nKey="since" components={{ ago: <Ago at={backend.since} /> }} />
            </Text>
          </div>
          <Badge variant="light" color={COLOURS[state]} size="lg">
            {t(`state.${state}`)}
          </Badge>
        </Group>
        <BackendFacts backend={backend} />
        {backend.prompt_ids.length > 0 && (
          <Text size="sm">
            {t("runs")}{" "}
            {backend.prompt_ids.map((promptId) => (
              <Anchor key={promptId} component={Link} href={`/jobs/${promptId}`} mr="xs">
                {promptId.slice(0, 8)}
              </Anchor>
            ))}
          </Text>
        )}
        {backend.last_failure && (
          <Alert color={backend.state === "failed" ? "red" : "yellow"} title={t("lastFailure")}>
            <Text size="sm" className="break" lineClamp={6} style={{ whiteSpace: "pre-wrap" }}>
              {backend.last_failure}
            </Text>
          </Alert>
        )}
        <Group gap="xs">
          <Orders worker={worker} backend={backend} />
          <Button
            size="xs"
            px="xs"
            variant="subtle"
            leftSection={<IconFileText size={14} aria-hidden />}
            onClick={open}
          >
            {t("logs")}
          </Button>
          {backend.url && reachable(backend.url, location.hostname) && (
            <Button
              size="xs"
              px="xs"
              variant="subtle"
              component="a"
              href={backend.url}
              target="_blank"
              rel="noreferrer"
              rightSection={<IconExternalLink size={14} aria-hidden />}
            >
              {t("open")}
            </Button>
          )}
        </Group>
      </Stack>
      {log && <BackendLog worker={worker} backend={backend.name} onClose={close} />}
    </Card>
  );
}
