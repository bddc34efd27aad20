import { Center, Loader } from "@mantine/core";
import { useTranslation } from "react-i18next";

/** Something is being fetched. */
export function Loading({ height = 240 }: { height?: number }) {
  const { t } = useTranslation();
  return (
    <Center h={height}>
      <Loader role="status" aria-label={t("loading")} />
    </Center>
  );
}
