import { Button, Menu } from "@mantine/core";
import { IconArrowBack, IconColumns2 } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Output } from "~/api/types";
import { outputKind } from "~/outputs/outputKind";
import type { Shown } from "./gallery";
import { usePlay } from "./PlayContext";
import { inputsFor } from "./params";

/** Sends an output back as an input; which one is asked where there are several. */
export function SendButton({ output }: { output: Output }) {
  const { t } = useTranslation("play");
  const { inputs, sendTo } = usePlay();
  const takers = inputsFor(inputs, output);
  const icon = <IconArrowBack size={16} aria-hidden />;
  const [only, another] = takers;
  if (!only) return null;
  if (!another) {
    return (
      <Button variant="default" size="xs" leftSection={icon} onClick={() => sendTo(output, only)}>
        {t("output.sendTo", { name: only.label || only.name })}
      </Button>
    );
  }
  return (
    <Menu withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Button variant="default" size="xs" leftSection={icon}>
          {t("output.send")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {takers.map((input) => (
          <Menu.Item key={input.name} onClick={() => sendTo(output, input)}>
            {input.label || input.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** Compares a picture with another. */
export function CompareButton({ shown }: { shown: Shown }) {
  const { t } = useTranslation("play");
  const { compare } = usePlay();
  if (outputKind(shown.output) !== "image") return null;
  return (
    <Button
      variant="default"
      size="xs"
      leftSection={<IconColumns2 size={16} aria-hidden />}
      onClick={() => compare(shown.job, shown.output)}
    >
      {t("compare.button")}
    </Button>
  );
}
