import { Code, Group, Paper, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { CopyButton } from "~/ui/CopyButton";

/** The two URLs to call. */
export function Endpoint({ url }: { url: string }) {
  const { t } = useTranslation("deployment");
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Line label={t("endpoint.infer")} url={url} />
        <Line label={t("endpoint.run")} url={url.replace(/infer$/, "run")} />
      </Stack>
    </Paper>
  );
}

function Line({ label, url }: { label: string; url: string }) {
  return (
    <div>
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      <Group gap={4} wrap="nowrap" align="center">
        <Code fz="sm" style={{ minWidth: 0, wordBreak: "break-all" }}>
          POST {url}
        </Code>
        <CopyButton value={url} what={url} />
      </Group>
    </div>
  );
}
