import { useTranslation } from "react-i18next";

/** The first stop of the tab key: past the navigation. It shows itself when it has the focus. */
export function SkipLink({ to }: { to: string }) {
  const { t } = useTranslation();
  return (
    <a href={`#${to}`} className="skip">
      {t("nav.skip")}
    </a>
  );
}
