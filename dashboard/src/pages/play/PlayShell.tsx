import { AppShell, Box, Button, Group, Text } from "@mantine/core";
import { IconSettings } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import logo from "~/favicon.svg";
import { Preferences } from "~/shell/Preferences";

/** The frame of the playground: a bar with language and colours; for the admin also the way to the deployment's page. */
export function PlayShell({ managed, children }: { managed?: string; children: ReactNode }) {
  const { t } = useTranslation("play");
  return (
    <AppShell header={{ height: 52 }} padding={0}>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap" gap="xs">
          <Group gap={8} wrap="nowrap">
            <img src={logo} width={24} height={24} alt="" />
            <Text fw={650}>viewcomfy</Text>
          </Group>
          <Group gap={4} wrap="nowrap">
            {managed && (
              <Button
                component={Link}
                href={`/deployments/${encodeURIComponent(managed)}`}
                variant="subtle"
                color="gray"
                size="compact-sm"
                leftSection={<IconSettings size={16} aria-hidden />}
              >
                {t("manage")}
              </Button>
            )}
            <Preferences />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Main>
        <Box maw={1720} mx="auto">
          {children}
        </Box>
      </AppShell.Main>
    </AppShell>
  );
}
