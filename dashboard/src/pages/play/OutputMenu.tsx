import { ActionIcon, Menu } from "@mantine/core";
import { IconArrowBack, IconColumns2, IconDots, IconDownload } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Job, Output } from "~/api/types";
import { download } from "~/outputs/fileUrl";
import { outputKind } from "~/outputs/outputKind";
import { usePlay } from "./PlayContext";
import { inputsFor } from "./params";

/** What can be done with one output. */
export function OutputMenu({ job, output }: { job: Job; output: Output }) {
  const { t } = useTranslation("play");
  const { inputs, sendTo, compare } = usePlay();
  return (
    <Menu position="bottom-end" withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <ActionIcon variant="default" size={32} aria-label={t("output.menu", { name: output.filename })}>
          <IconDots size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconDownload size={16} aria-hidden />} onClick={() => download(output)}>
          {t("output.save")}
        </Menu.Item>
        {inputsFor(inputs, output).map((input) => (
          <Menu.Item
            key={input.name}
            leftSection={<IconArrowBack size={16} aria-hidden />}
            onClick={() => sendTo(output, input)}
          >
            {t("output.sendTo", { name: input.label || input.name })}
          </Menu.Item>
        ))}
        {outputKind(output) === "image" && (
          <Menu.Item leftSection={<IconColumns2 size={16} aria-hidden />} onClick={() => compare(job, output)}>
            {t("compare.button")}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
