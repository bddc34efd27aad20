import { Button, Collapse, Stack, Text, TextInput } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconSearch } from "@tabler/icons-react";
import { type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Input } from "~/api/types";
import { found } from "./shown";

interface Props {
  inputs: Input[];
  /** One of them has a problem, so they must be seen. */
  troubled: boolean;
  field: (input: Input) => ReactNode;
}

/** From here on there is a search. */
const SEARCHED = 16;
/** A workflow of 300 nodes has a thousand inputs: so many are drawn at first. */
const AT_FIRST = 40;

/** The inputs that most people leave alone, folded away. */
export function AdvancedFields({ inputs, troubled, field }: Props) {
  const { t } = useTranslation("form");
  const id = useId();
  const [wanted, setWanted] = useState(false);
  const [words, setWords] = useState("");
  const [most, setMost] = useState(AT_FIRST);
  const opened = wanted || troubled;
  const matching = found(inputs, words);
  const Chevron = opened ? IconChevronDown : IconChevronRight;
  return (
    <div>
      <Button
        variant="subtle"
        color="gray"
        px="xs"
        ml={-10}
        onClick={() => setWanted(!opened)}
        aria-expanded={opened}
        aria-controls={id}
        leftSection={<Chevron size={18} aria-hidden />}
      >
        {t("advanced", { count: inputs.length })}
      </Button>
      <Collapse expanded={opened} id={id} keepMounted={false}>
        <Stack gap="lg" pt="sm">
          {inputs.length > SEARCHED && (
            <TextInput
              type="search"
              value={words}
              onChange={(event) => setWords(event.currentTarget.value)}
              placeholder={t("advancedFind")}
              aria-label={t("advancedFind")}
              leftSection={<IconSearch size={16} aria-hidden />}
            />
          )}
          {matching.length === 0 && <Text c="dimmed">{t("advancedNone")}</Text>}
          {matching.slice(0, troubled ? matching.length : most).map(field)}
          {matching.length > most && !troubled && (
            <Button variant="default" onClick={() => setMost(most + AT_FIRST)}>
              {t("advancedMore", { count: Math.min(AT_FIRST, matching.length - most) })}
            </Button>
          )}
        </Stack>
      </Collapse>
    </div>
  );
}
