import { List, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Marked } from "~/ui/Marked";

const WAYS = ["printed", "variable", "lost"] as const;

/** Where the admin token comes from, and what to do without it. */
export function WhereIsTheToken() {
  const { t } = useTranslation("signIn");
  return (
    <div>
      <Title order={2} size="h6" mb={6}>
        {t("where.title")}
      </Title>
      <List size="sm" spacing={6}>
        {WAYS.map((way) => (
          <List.Item key={way}>
            <Text span inherit className="break">
              <Marked text={t(`where.${way}`)} />
            </Text>
          </List.Item>
        ))}
      </List>
    </div>
  );
}
