import { Button } from "@mantine/core";
import { IconMapOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { EmptyState } from "~/ui/EmptyState";

/** There is nothing at this URL. */
export default function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <EmptyState icon={IconMapOff} title={t("notFound.title")}>
      <Button component={Link} href="/" variant="light">
        {t("notFound.home")}
      </Button>
    </EmptyState>
  );
}
