import { Anchor, Box, Center, Group, Paper, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Redirect, useSearchParams } from "wouter";
import { useSession } from "~/api/session";
import { Brand } from "~/shell/Brand";
import { Preferences } from "~/shell/Preferences";
import { Loading } from "~/ui/Loading";
import { Page } from "~/ui/Page";
import { safeNext } from "./next";
import { SignInForm } from "./SignInForm";
import { WhereIsTheToken } from "./WhereIsTheToken";

/** The way in, for who holds the admin token; who is in already goes on at once. */
export default function SignInPage() {
  const { t } = useTranslation("signIn");
  const [search] = useSearchParams();
  const session = useSession();
  if (session.isPending) return <Loading />;
  if (session.data?.role === "admin") return <Redirect to={safeNext(search.get("next"), location.origin)} replace />;
  return (
    <Center component="main" mih="100dvh" p="md">
      <Box w="100%" maw={420}>
        <Group justify="space-between" mb="md">
          <Brand href="/sign-in" />
          <Preferences />
        </Group>
        <Paper withBorder p={{ base: "md", sm: "xl" }} pb={{ base: 0, sm: 0 }}>
          <Page title={t("title")} description={t("intro")}>
            <SignInForm />
            <WhereIsTheToken />
          </Page>
        </Paper>
        <Text size="sm" c="dimmed" ta="center" mt="md">
          <Anchor href="/docs" inherit>
            {t("docs")}
          </Anchor>
        </Text>
      </Box>
    </Center>
  );
}
