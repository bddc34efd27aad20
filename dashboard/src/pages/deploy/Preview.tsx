import { Paper, Text, Title } from "@mantine/core";
import { useDeferredValue, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Input } from "~/api/types";
import { InputForm } from "~/form/InputForm";
import { initialValues, type Values } from "~/form/values";
import classes from "./Preview.module.css";

const NO_PROBLEMS: Record<string, string> = {};

/** The form as callers will see it, to try it out. */
export function Preview({ inputs }: { inputs: Input[] }) {
  const { t } = useTranslation("deploy");
  const [touched, setTouched] = useState<Values>({});
  const calm = useDeferredValue(inputs);
  const values = useMemo(() => ({ ...initialValues(calm), ...touched }), [calm, touched]);
  return (
    <Paper component="section" withBorder p="md" className={classes.preview} aria-labelledby="preview-title">
      <Title order={3} size="h5" id="preview-title">
        {t("preview.title")}
      </Title>
      <Text size="sm" c="dimmed" mb="md">
        {t("preview.help")}
      </Text>
      <InputForm
        inputs={calm}
        values={values}
        onChange={(name, value) => setTouched((now) => ({ ...now, [name]: value }))}
        problems={NO_PROBLEMS}
      />
    </Paper>
  );
}
