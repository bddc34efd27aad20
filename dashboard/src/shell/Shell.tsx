import { AppShell, Box, Burger, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Redirect, useLocation, useSearch } from "wouter";
import { useSession } from "~/api/session";
import { ErrorNote } from "~/ui/ErrorNote";
import { Loading } from "~/ui/Loading";
import { Brand } from "./Brand";
import { DropAnywhere } from "./DropAnywhere";
import { Nav } from "./Nav";
import { Preferences } from "./Preferences";
import { SkipLink } from "./SkipLink";
import { useSignedOut } from "./useSignedOut";

const MAIN = "main";

/** The frame of the dashboard, for the admin only: navigation, preferences, and files dropped anywhere. */
export function Shell({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const [opened, { toggle, close }] = useDisclosure(false);
  const [location] = useLocation();
  const search = useSearch();
  const session = useSession();
  useSignedOut();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the menu closes when the page changes
  useEffect(close, [location]);
  if (session.isPending) return <Loading />;
  if (session.isError) {
    return (
      <Box component="main" maw={560} mx="auto" p="md" pt={80}>
        <ErrorNote error={session.error} onRetry={() => session.refetch()} />
      </Box>
    );
  }
  if (session.data?.role !== "admin") {
    const here = search ? `${location}?${search}` : location;
    return <Redirect to={here === "/" ? "/sign-in" : `/sign-in?next=${encodeURIComponent(here)}`} replace />;
  }
  return (
    <AppShell
      header={{ height: { base: 56, sm: 0 } }}
      navbar={{ width: 232, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding={{ base: "md", sm: "lg", md: "xl" }}
    >
      <SkipLink to={MAIN} />
      <AppShell.Header hiddenFrom="sm">
        <Group h="100%" px="md" justify="space-between">
          <Brand />
          <Burger opened={opened} onClick={toggle} size="sm" aria-label={t("nav.menu")} aria-expanded={opened} />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" aria-label={t("nav.label")}>
        <AppShell.Section visibleFrom="sm" px="xs" py="sm">
          <Brand />
        </AppShell.Section>
        <AppShell.Section grow style={{ overflowY: "auto" }}>
          <Nav />
        </AppShell.Section>
        <AppShell.Section>
          <Preferences signedIn />
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id={MAIN} tabIndex={-1} style={{ minWidth: 0, outline: "none" }}>
        {children}
      </AppShell.Main>
      <DropAnywhere />
    </AppShell>
  );
}
