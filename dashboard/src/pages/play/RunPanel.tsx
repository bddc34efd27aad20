import { ActionIcon, Button, Group, Kbd, Tooltip } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconPlayerPlay, IconRestore } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Input } from "~/api/types";
import { InputForm } from "~/form/InputForm";
import classes from "./Playground.module.css";
import { RefusalNote } from "./RefusalNote";
import { POSITION } from "./tell";
import type { PlayForm } from "./usePlayForm";
import type { Run } from "./useRun";

interface Props {
  inputs: Input[];
  form: PlayForm;
  run: Run;
}

/** The form, and the button that runs it: that stays in sight. */
export function RunPanel({ inputs, form, run }: Props) {
  const { t } = useTranslation("play");
  useHotkeys([["mod+Enter", run.start]], [], true);
  const reset = () => {
    const undo = form.reset();
    const id = notifications.show({
      position: POSITION,
      message: (
        <Group justify="space-between">
          {t("reset.done")}
          <Button
            size="compact-sm"
            variant="light"
            onClick={() => {
              undo();
              notifications.hide(id);
            }}
          >
            {t("reset.undo")}
          </Button>
        </Group>
      ),
    });
  };
  const mod = /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘" : "Ctrl";
  return (
    <>
      <div className={classes.fields}>
        <InputForm inputs={inputs} values={form.values} onChange={form.set} problems={form.problems} />
      </div>
      <div className={classes.bar}>
        {run.refused && <RefusalNote error={run.refused} problems={form.problems} onClose={run.forgive} />}
        <Group gap="xs" wrap="nowrap">
          <Tooltip label={t("reset.button")}>
            <ActionIcon variant="default" size={42} onClick={reset} aria-label={t("reset.button")}>
              <IconRestore size={18} aria-hidden />
            </ActionIcon>
          </Tooltip>
          <Button
            flex={1}
            size="md"
            leftSection={<IconPlayerPlay size={18} aria-hidden />}
            rightSection={
              <Kbd visibleFrom="md" size="xs" aria-hidden>
                {mod} ↵
              </Kbd>
            }
            onClick={run.start}
            loading={run.sending}
            aria-keyshortcuts="Control+Enter Meta+Enter"
          >
            {t("run.button")}
          </Button>
        </Group>
      </div>
    </>
  );
}
