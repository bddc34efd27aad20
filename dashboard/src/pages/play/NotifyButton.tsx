import { Button } from "@mantine/core";
import { IconBell } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { said } from "./tell";

/** Offers to tell when a job ends while the page is out of sight; gone once that is decided. */
export function NotifyButton() {
  const { t } = useTranslation("play");
  const [permission, setPermission] = useState(() => ("Notification" in window ? Notification.permission : "denied"));
  if (permission !== "default") return null;
  const ask = async () => {
    const answer = await Notification.requestPermission();
    setPermission(answer);
    if (answer === "granted") said(t("notify.on"));
  };
  return (
    <Button
      size="compact-sm"
      variant="subtle"
      leftSection={<IconBell size={16} aria-hidden />}
      onClick={() => void ask()}
    >
      {t("notify.ask")}
    </Button>
  );
}
