import { Alert, Button, Text } from "@mantine/core";
import { IconCloudOff, IconLock } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

interface Props {
  trouble: "unreachable" | "signedOut";
  onEnter: () => void;
}

/** Why the page hears no news, and what becomes of the jobs meanwhile. */
export function TroubleNote({ trouble, onEnter }: Props) {
  const { t } = useTranslation("play");
  if (trouble === "unreachable") {
    return (
      <Alert color="yellow" icon={<IconCloudOff aria-hidden />} title={t("lost.title")} mb="md" role="status">
        {t("lost.text")}
      </Alert>
    );
  }
  return (
    <Alert color="yellow" icon={<IconLock aria-hidden />} title={t("access.ended.title")} mb="md" role="status">
      <Text size="sm">{t("access.ended.text")}</Text>
      <Button variant="default" size="xs" mt="xs" onClick={onEnter}>
        {t("access.again")}
      </Button>
    </Alert>
  );
}
