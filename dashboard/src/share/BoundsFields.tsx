import { NumberInput, SimpleGrid, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { type Bounds, numberOrNone } from "./bounds";

interface Props {
  bounds: Bounds;
  onChange: (bounds: Bounds) => void;
  namePlaceholder: string;
}

/** Name, expiry and limits of a key or a share link. */
export function BoundsFields({ bounds, onChange, namePlaceholder }: Props) {
  const { t } = useTranslation("share");
  return (
    <>
      <TextInput
        label={t("name")}
        description={t("nameHint")}
        placeholder={namePlaceholder}
        maxLength={100}
        value={bounds.name}
        onChange={(event) => onChange({ ...bounds, name: event.currentTarget.value })}
        data-autofocus
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }} style={{ alignItems: "end" }}>
        {(["days", "active", "running", "perDay"] as const).map((field) => (
          <NumberInput
            key={field}
            label={t(`${field}.label`)}
            placeholder={t(`${field}.none`)}
            min={1}
            max={field === "days" ? 3650 : 1_000_000}
            allowDecimal={field === "days"}
            allowNegative={false}
            value={bounds[field]}
            onChange={(value) => onChange({ ...bounds, [field]: numberOrNone(value) })}
          />
        ))}
      </SimpleGrid>
    </>
  );
}
