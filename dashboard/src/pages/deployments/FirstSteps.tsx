import { Center, List, Paper, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { IconFileUpload } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Marked } from "~/ui/Marked";
import { FilePicker } from "~/workflow-file/FilePicker";

const KINDS = ["api", "app", "png"] as const;

/** Nothing is deployed yet: what to drop, and where it comes from. */
export function FirstSteps() {
  const { t } = useTranslation("deployments");
  return (
    <Paper p={{ base: "lg", sm: 48 }} style={{ border: "2px dashed var(--mantine-color-default-border)" }}>
      <Center>
        <Stack align="center" gap="md" maw={560}>
          <ThemeIcon size={64} radius="xl" variant="light" aria-hidden>
            <IconFileUpload size={32} />
          </ThemeIcon>
          <Title order={2} size="h3" ta="center">
            {t("empty.title")}
          </Title>
          <Text ta="center">{t("empty.text")}</Text>
          <List spacing={6}>
            {KINDS.map((kind) => (
              <List.Item key={kind}>
                <Marked text={t(`empty.${kind}`)} />
              </List.Item>
            ))}
          </List>
          <FilePicker size="md" mt="xs">
            {t("empty.choose")}
          </FilePicker>
          <Text size="sm" c="dimmed" ta="center">
            {t("empty.next")}
          </Text>
        </Stack>
      </Center>
    </Paper>
  );
}
