import { Badge, Code, Group, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Input } from "~/api/types";
import narrow from "~/ui/NarrowTable.module.css";
import { limitsOf, short } from "./limits";

/** What a call may set, a line each. */
export function InputTable({ inputs }: { inputs: Input[] }) {
  const { t } = useTranslation("deployment");
  const shown = inputs.filter((input) => !input.hidden && !input.locked).sort((one, other) => one.order - other.order);
  if (!shown.length) return <Text c="dimmed">{t("inputs.none")}</Text>;
  return (
    <Table verticalSpacing="xs" className={narrow.table}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t("inputs.name")}</Table.Th>
          <Table.Th>{t("inputs.takes")}</Table.Th>
          <Table.Th>{t("inputs.default")}</Table.Th>
          <Table.Th>{t("inputs.about")}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {shown.map((input) => (
          <Line key={input.key} input={input} />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Line({ input }: { input: Input }) {
  const { t } = useTranslation("deployment");
  const limits = limitsOf(input);
  return (
    <Table.Tr>
      <Table.Td maw={{ md: 220 }}>
        <div>
          <Code className="break">{input.name}</Code>
          <Text size="xs" c="dimmed" ff="monospace" className="break" mt={2}>
            {input.key}
          </Text>
        </div>
      </Table.Td>
      <Table.Td maw={{ md: 260 }} data-label={t("inputs.takes")}>
        <div>
          <Group gap={6}>
            <Text size="sm">{t(`kind.${input.kind}`)}</Text>
            {input.required && (
              <Badge size="xs" color="red" variant="light">
                {t("inputs.required")}
              </Badge>
            )}
          </Group>
          {limits && (
            <Text size="xs" c="dimmed" className="break">
              {limits}
            </Text>
          )}
        </div>
      </Table.Td>
      <Table.Td maw={{ md: 220 }} data-label={t("inputs.default")}>
        {input.default !== null && (
          <Text size="sm" ff="monospace" className="break" lineClamp={3}>
            {short(input.default)}
          </Text>
        )}
      </Table.Td>
      <Table.Td maw={{ md: 320 }} data-label={t("inputs.about")}>
        <div>
          <Text size="sm" className="break">
            {input.label}
          </Text>
          {input.description && (
            <Text size="xs" c="dimmed" className="break" lineClamp={3}>
              {input.description}
            </Text>
          )}
        </div>
      </Table.Td>
    </Table.Tr>
  );
}
