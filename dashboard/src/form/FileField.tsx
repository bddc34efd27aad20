import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ChosenFile } from "./ChosenFile";
import { FieldGroup } from "./Field";
import { FileDrop } from "./FileDrop";
import type { FieldProps } from "./fieldProps";
import { isAccepted } from "./files";
import { type FormValue, isFileValue } from "./values";

/** A file: dropped, chosen or pasted, then shown, and painted on if it is an image. */
export function FileField(props: FieldProps) {
  const { input, value, problem, disabled, onChange, onReset } = props;
  const { t } = useTranslation("form");
  const [refusal, setRefusal] = useState<{ says: string; beside: FormValue }>();
  const refused = refusal && refusal.beside === value ? refusal.says : undefined;
  const refuse = (says: string) => setRefusal({ says, beside: value });
  const take = (file: File) => {
    const { name } = file;
    if (!file.size) return refuse(t("file.empty", { name }));
    if (!isAccepted(input.kind, file)) return refuse(t(NOT[input.kind as keyof typeof NOT], { name }));
    setRefusal(undefined);
    onChange({ file });
  };
  const chosen = isFileValue(value) ? value : null;
  return (
    <FieldGroup {...props} problem={refused ?? problem} onReset={chosen ? undefined : onReset}>
      {(ids) =>
        chosen ? (
          <ChosenFile input={input} value={chosen} ids={ids} disabled={disabled} onFile={take} onChange={onChange} />
        ) : (
          <FileDrop
            input={input}
            own={typeof value === "string" ? value : input.default}
            ids={ids}
            disabled={disabled}
            invalid={Boolean(refused ?? problem)}
            onFile={take}
          />
        )
      }
    </FieldGroup>
  );
}

const NOT = { image: "file.notImage", video: "file.notVideo", audio: "file.notAudio" } as const;
