import { SimpleGrid, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Input } from "~/api/types";
import { wholeLimit } from "~/form/exact";
import { numberLook } from "~/form/numbers";
import { NumberField } from "./NumberField";

interface Props {
  input: Input;
  declared: Input;
  onChange: (side: "minimum" | "maximum", limit: number | null) => void;
}

/** How small and how large a number may be: never wider than the node itself allows. */
export function LimitFields({ input, declared, onChange }: Props) {
  const { t } = useTranslation("deploy");
  const whole = input.kind !== "number";
  const own = (side: "minimum" | "maximum") =>
    (whole ? wholeLimit(declared[side], side) : declared[side])?.toString() ?? t("limits.none");
  const look = numberLook(input);
  return (
    <div>
      <SimpleGrid cols={2} spacing="sm">
        {(["minimum", "maximum"] as const).map((side) => (
          <NumberField
            key={side}
            label={t(`limits.${side}`)}
            placeholder={own(side)}
            allowDecimal={!whole}
            step={input.step ?? 1}
            value={input[side] === declared[side] ? null : input[side]}
            onChange={(limit) => onChange(side, limit ?? declared[side] ?? null)}
          />
        ))}
      </SimpleGrid>
      <Text size="xs" c="dimmed" mt={4}>
        {t("limits.node", { minimum: own("minimum"), maximum: own("maximum") })}{" "}
        {input.step ? t("limits.step", { step: input.step }) : ""}{" "}
        {input.kind === "seed" ? "" : look.as === "slider" ? t("limits.slider") : t("limits.noSlider")}
      </Text>
    </div>
  );
}
