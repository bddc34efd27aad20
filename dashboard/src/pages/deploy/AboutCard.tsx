import {
  Accordion,
  type InputWrapperProps,
  NumberInput,
  Paper,
  SimpleGrid,
  Stack,
  Switch,
  Textarea,
  TextInput,
} from "@mantine/core";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import type { Deployment } from "~/api/types";
import type { Draft } from "~/workflow-file/draft";
import { type About, shownAbout } from "./about";
import { nameProblem } from "./nameRule";
import { PlaceFields } from "./PlaceFields";

/** What a field is for stands under it, so that the fields of a row stand side by side. */
const ORDER: InputWrapperProps["inputWrapperOrder"] = ["label", "input", "description", "error"];
/** A text that may have some lines. */
const LONG = { inputWrapperOrder: ORDER, autosize: true, minRows: 2, maxRows: 8 };
const WEEK = 7 * 86_400;

interface Props {
  about: About;
  draft: Draft;
  before: Deployment | undefined;
  /** The version that is to be made, of a known deployment. */
  version: number | null;
  onChange: (more: Partial<About>) => void;
}

/** The name and the words that go with a version. */
export const AboutCard = memo(function AboutCard({ about, draft, before, version, onChange }: Props) {
  const { t } = useTranslation("deploy");
  const shown = shownAbout(about, draft, before);
  const problem = nameProblem(about.name);
  const next = before ? t("name.next", { version: version ?? "…" }) : `${t("name.help")} ${t("name.new")}`;
  return (
    <Paper withBorder p="md">
      <Stack gap="md">
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
          <TextInput
            inputWrapperOrder={ORDER}
            label={t("name.label")}
            description={problem ? t("name.help") : next}
            required
            value={about.name}
            maxLength={80}
            spellCheck={false}
            autoCapitalize="off"
            error={problem && t(`name.problem.${problem}`)}
            onChange={(event) => onChange({ name: event.currentTarget.value })}
          />
          <TextInput
            inputWrapperOrder={ORDER}
            label={t("about.title")}
            description={t("about.titleHelp")}
            maxLength={200}
            value={shown.title}
            onChange={(event) => onChange({ title: event.currentTarget.value })}
          />
          <Textarea
            {...LONG}
            label={t("about.description")}
            description={t("about.descriptionHelp")}
            maxLength={5000}
            value={shown.description}
            onChange={(event) => onChange({ description: event.currentTarget.value })}
          />
          <Textarea
            {...LONG}
            label={t("about.note")}
            description={t("about.noteHelp")}
            maxLength={1000}
            value={about.note}
            onChange={(event) => onChange({ note: event.currentTarget.value })}
          />
        </SimpleGrid>
        <Accordion variant="separated" chevronPosition="left">
          <Accordion.Item value="more">
            <Accordion.Control>{t("about.more")}</Accordion.Control>
            <Accordion.Panel>
              <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
                <NumberInput
                  label={t("about.timeLimit")}
                  description={t("about.timeLimitHelp")}
                  min={0}
                  max={WEEK}
                  suffix=" s"
                  value={shown.timeLimit}
                  onChange={(value) => onChange({ timeLimit: Number(value) || 0 })}
                />
                <PlaceFields shown={shown} onChange={onChange} />
                <Switch
                  label={t("about.warmUp")}
                  description={t("about.warmUpHelp")}
                  checked={shown.warmUp}
                  onChange={(event) => onChange({ warmUp: event.currentTarget.checked })}
                />
                <Switch
                  label={t("about.cancelOnDisconnect")}
                  description={t("about.cancelOnDisconnectHelp")}
                  checked={shown.cancelOnDisconnect}
                  onChange={(event) => onChange({ cancelOnDisconnect: event.currentTarget.checked })}
                />
              </SimpleGrid>
            </Accordion.Panel>
          </Accordion.Item>
        </Accordion>
      </Stack>
    </Paper>
  );
});
