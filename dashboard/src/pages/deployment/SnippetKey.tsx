import { Alert, Button, Code, Group, Text } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, must } from "~/api/client";
import { queryClient } from "~/api/queryClient";
import type { Credentials } from "~/snippets/call";
import { CopyButton } from "~/ui/CopyButton";
import { ErrorNote } from "~/ui/ErrorNote";

interface Props {
  deployment: string;
  value: Credentials | null;
  onChange: (key: Credentials) => void;
}

/** The key that the code is written with: a new one on demand, else that of the environment. */
export function SnippetKey({ deployment, value, onChange }: Props) {
  const { t } = useTranslation("deployment");
  const make = useMutation({
    mutationFn: async () => {
      const body = { name: t("key.name", { name: deployment }), deployments: [deployment] };
      return must(await api.POST("/api/keys", { body }));
    },
    onSuccess: ({ client_id, client_secret }) => {
      onChange({ client_id, client_secret });
      void queryClient.invalidateQueries({ queryKey: ["keys"] });
    },
  });
  if (value) {
    return (
      <Alert color="teal" icon={<IconKey aria-hidden />} title={t("key.made")} role="status">
        <Text size="sm">{t("key.once")}</Text>
        {(["client_id", "client_secret"] as const).map((part) => (
          <Group key={part} gap={4} wrap="nowrap">
            <Code className="break">
              {part}: {value[part]}
            </Code>
            <CopyButton value={value[part]} what={part} />
          </Group>
        ))}
      </Alert>
    );
  }
  return (
    <>
      <Group gap="sm">
        <Text size="sm" c="dimmed" style={{ flex: "1 1 18rem" }}>
          {t("key.environment")}
        </Text>
        <Button
          variant="light"
          size="xs"
          leftSection={<IconKey size={14} aria-hidden />}
          loading={make.isPending}
          onClick={() => make.mutate()}
        >
          {t("key.make")}
        </Button>
      </Group>
      {make.isError && <ErrorNote error={make.error} />}
    </>
  );
}
