import { Container, Paper, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { AccessForm } from "./AccessForm";
import { PlayShell } from "./PlayShell";
import type { Barrier } from "./refusals";
import { hasVisited } from "./visits";

/** There is no way in: say why, and how to get one. */
export function NoAccess({ name, barrier }: { name: string; barrier: Barrier }) {
  const { t } = useTranslation("play");
  const reason = barrier === "none" && hasVisited(name) ? "ended" : barrier;
  return (
    <PlayShell>
      <Container size={460} py={{ base: "lg", sm: 64 }}>
        <Paper withBorder p="lg" radius="lg">
          <Stack gap="sm" align="center" ta="center" mb="lg">
            <ThemeIcon size={52} radius="xl" variant="light" aria-hidden>
              <IconLock size={26} />
            </ThemeIcon>
            <Title order={1} size="h3">
              {t(`access.${reason}.title`)}
            </Title>
            <Text c="dimmed">{t(`access.${reason}.text`)}</Text>
          </Stack>
          <AccessForm name={name} />
        </Paper>
      </Container>
    </PlayShell>
  );
}
