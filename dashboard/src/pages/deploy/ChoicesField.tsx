import { ActionIcon, Group, MultiSelect, ScrollArea, Stack, TagsInput, Text, TextInput } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Choice, Input } from "~/api/types";
import { keyOf, optionsOf, realValue } from "~/form/choices";
import classes from "./EditorRow.module.css";
import { same } from "./edits";

interface Props {
  input: Input;
  declared: Input;
  onChange: (choices: Choice[] | null) => void;
}

/** The only values that callers may send, and what people are shown for each. */
export function ChoicesField({ input, declared, onChange }: Props) {
  const { t } = useTranslation("deploy");
  const known = declared.choices ?? null;
  const chosen = same(input.choices, known) ? [] : (input.choices ?? []);
  const pick = (values: unknown[]) => {
    const first = chosen.length === 0 && values.length > 0 && !values.some((value) => same(value, input.default));
    const wanted = first && declared.kind === "choice" ? [input.default, ...values] : values;
    onChange(wanted.length === 0 ? known : wanted.map((value) => labelled(value, [...chosen, ...(known ?? [])])));
  };
  return (
    <Stack gap="xs">
      {known ? (
        <MultiSelect
          label={t("choices.label")}
          description={t("choices.restrict", { count: known.length })}
          placeholder={chosen.length ? undefined : t("choices.all")}
          searchable
          clearable
          hidePickedOptions
          limit={200}
          data={optionsOf(
            known,
            chosen.map(({ value }) => value),
            (name) => name,
          )}
          value={chosen.map(({ value }) => keyOf(value))}
          onChange={(keys) => pick(keys.map(realValue))}
          clearButtonProps={{ "aria-label": t("choices.clear") }}
        />
      ) : (
        <TagsInput
          label={t("choices.label")}
          description={t("choices.free")}
          placeholder={chosen.length ? undefined : t("choices.any")}
          clearable
          splitChars={[]}
          value={chosen.map(({ value }) => String(value))}
          onChange={(texts) => pick(texts.map((text) => typed(text, declared)).filter((value) => value !== null))}
          clearButtonProps={{ "aria-label": t("choices.clear") }}
        />
      )}
      {chosen.length > 0 && <Labels chosen={chosen} onChange={onChange} />}
    </Stack>
  );
}

function Labels({ chosen, onChange }: { chosen: Choice[]; onChange: (choices: Choice[]) => void }) {
  const { t } = useTranslation("deploy");
  const swap = (at: number, by: number) => {
    const result = [...chosen];
    const [one] = result.splice(at, 1);
    if (one) result.splice(at + by, 0, one);
    onChange(result);
  };
  return (
    <ScrollArea.Autosize mah={320} type="auto">
      <Stack gap={6} component="ol" m={0} p={0} style={{ listStyle: "none" }}>
        {chosen.map((choice, at) => {
          const name = String(choice.value);
          return (
            <Group key={keyOf(choice.value)} component="li" gap={4} wrap="nowrap">
              <Text size="sm" className="clip" w="38%" title={name}>
                {name}
              </Text>
              <TextInput
                size="xs"
                style={{ flex: 1 }}
                aria-label={t("choices.labelOf", { name })}
                placeholder={name}
                value={choice.label === name ? "" : choice.label}
                onChange={(event) => {
                  const label = event.currentTarget.value || name;
                  onChange(chosen.map((one, place) => (place === at ? { ...one, label } : one)));
                }}
              />
              <ActionIcon
                variant="subtle"
                color="gray"
                className={classes.quiet}
                disabled={at === 0}
                aria-label={t("move.up", { name })}
                onClick={() => swap(at, -1)}
              >
                <IconArrowUp size={14} aria-hidden />
              </ActionIcon>
              <ActionIcon
                variant="subtle"
                color="gray"
                className={classes.quiet}
                disabled={at === chosen.length - 1}
                aria-label={t("move.down", { name })}
                onClick={() => swap(at, 1)}
              >
                <IconArrowDown size={14} aria-hidden />
              </ActionIcon>
            </Group>
          );
        })}
      </Stack>
    </ScrollArea.Autosize>
  );
}

function labelled(value: unknown, among: Choice[]): Choice {
  return among.find((one) => same(one.value, value)) ?? { value, label: String(value) };
}

/** Return what was typed as the input takes it; null where it takes no such thing. */
function typed(text: string, { kind }: Input): string | number | null {
  if (kind === "text") return text;
  const number = Number(text);
  return text.trim() && Number.isFinite(number) ? number : null;
}
