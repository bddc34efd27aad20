import { Alert, Button, Code, Group, SimpleGrid, Stack, Switch, Text, Textarea, TextInput } from "@mantine/core";
import { IconArrowBackUp, IconFocus2 } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Input } from "~/api/types";
import { takesFile } from "~/form/shown";
import { CopyButton } from "~/ui/CopyButton";
import { ChoicesField } from "./ChoicesField";
import { DefaultField } from "./DefaultField";
import { LimitFields } from "./LimitFields";
import { NumberField } from "./NumberField";
import type { EditActions } from "./useInputEditor";

interface Props {
  input: Input;
  declared: Input | undefined;
  count: number;
  problem: string | undefined;
  actions: EditActions;
  onNode?: (nodeId: string) => void;
}

/** All that can be changed about one input. */
export function InputDetails({ input, declared = input, count, problem, actions, onNode }: Props) {
  const { t } = useTranslation("deploy");
  const { key } = input;
  const numeric = ["integer", "number", "seed"].includes(declared.kind);
  const selectable = ["text", "integer", "number", "choice"].includes(declared.kind);
  return (
    <Stack gap="md" px="md" py="sm">
      {problem && (
        <Alert color="red" role="alert" p="xs" lang="en">
          {problem}
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md" verticalSpacing="sm">
        <TextInput
          label={t("field.label")}
          description={t("field.labelHelp")}
          value={input.label}
          maxLength={200}
          onChange={(event) => actions.set(key, "label", event.currentTarget.value)}
        />
        <TextInput
          label={t("field.name")}
          description={t("field.nameHelp")}
          value={input.name}
          spellCheck={false}
          autoCapitalize="off"
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          onChange={(event) => actions.set(key, "name", event.currentTarget.value)}
        />
      </SimpleGrid>
      <Textarea
        label={t("field.description")}
        description={t("field.descriptionHelp")}
        autosize
        minRows={1}
        maxRows={6}
        maxLength={4000}
        value={input.description}
        onChange={(event) => actions.set(key, "description", event.currentTarget.value)}
      />
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md" verticalSpacing="sm">
        {(["hidden", "advanced", "required", "locked"] as const).map((field) => (
          <Switch
            key={field}
            label={t(`field.${field}`)}
            description={t(`field.${field}Help`)}
            checked={input[field]}
            onChange={(event) => actions.set(key, field, event.currentTarget.checked)}
          />
        ))}
      </SimpleGrid>
      {numeric && (
        <LimitFields input={input} declared={declared} onChange={(side, limit) => actions.set(key, side, limit)} />
      )}
      {(!takesFile(input) || input.locked) && (
        <DefaultField input={input} onChange={(value) => actions.set(key, "default", value)} />
      )}
      {selectable && (
        <ChoicesField input={input} declared={declared} onChange={(choices) => actions.set(key, "choices", choices)} />
      )}
      <Group justify="space-between" align="flex-end" gap="sm">
        <NumberField
          label={t("field.place")}
          w={140}
          min={1}
          max={count}
          allowDecimal={false}
          value={input.order + 1}
          onChange={(place) => place !== null && place >= 1 && actions.move(key, place - 1)}
        />
        <Group gap="xs">
          {onNode && (
            <Button
              size="xs"
              variant="subtle"
              leftSection={<IconFocus2 size={14} aria-hidden />}
              onClick={() => onNode(input.node_id)}
            >
              {t("report.showNode")}
            </Button>
          )}
          <Button
            size="xs"
            variant="default"
            leftSection={<IconArrowBackUp size={14} aria-hidden />}
            onClick={() => actions.reset(key)}
          >
            {t("field.reset")}
          </Button>
        </Group>
      </Group>
      <Group gap={4} wrap="nowrap">
        <Text size="xs" c="dimmed" style={{ minWidth: 0 }} className="break">
          {t("field.key")} <Code>{key}</Code>
        </Text>
        <CopyButton value={key} what={t("field.key")} />
      </Group>
    </Stack>
  );
}
