import { ActionIcon, type ActionIconProps, Group, NativeSelect, useMantineColorScheme } from "@mantine/core";
import { IconBook, IconDeviceDesktop, IconLogout, IconMoon, IconSun } from "@tabler/icons-react";
import type { ComponentPropsWithoutRef } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { signOut } from "~/api/session";
import { LANGUAGES, type Language, setLanguage } from "~/i18n";
import { failed } from "~/ui/notify";

const SCHEMES = { auto: IconDeviceDesktop, light: IconSun, dark: IconMoon } as const;
const ORDER = ["auto", "light", "dark"] as const;
const ICON: ActionIconProps = { variant: "subtle", color: "gray", size: "lg" };

/** Language, colours, the API's documentation, and the way out. No menus: they would weigh more than the rest of the page. */
export function Preferences({ signedIn = false }: { signedIn?: boolean }) {
  const { t } = useTranslation();
  const [, go] = useLocation();
  const leave = () => signOut().then(() => go("/sign-in"), failed);
  return (
    <Group gap={4} wrap="nowrap" justify="space-between">
      <LanguageSelect />
      <Group gap={4} wrap="nowrap">
        <SchemeButton />
        {signedIn && (
          <>
            <ActionIcon {...ICON} component="a" href="/docs" {...named(t("nav.apiDocs"))}>
              <IconBook size={18} aria-hidden />
            </ActionIcon>
            <ActionIcon {...ICON} onClick={leave} {...named(t("nav.signOut"))}>
              <IconLogout size={18} aria-hidden />
            </ActionIcon>
          </>
        )}
      </Group>
    </Group>
  );
}

function LanguageSelect() {
  const { t, i18n } = useTranslation();
  return (
    <NativeSelect
      aria-label={t("nav.language")}
      size="xs"
      value={i18n.language}
      data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
      onChange={(event) => void setLanguage(event.currentTarget.value as Language)}
    />
  );
}

/** Each press goes on to the next: as the system, light, dark. */
function SchemeButton() {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Icon = SCHEMES[colorScheme];
  const next = ORDER[(ORDER.indexOf(colorScheme) + 1) % ORDER.length] ?? "auto";
  const label = `${t("nav.colours")}: ${t(`nav.scheme.${colorScheme}`)}`;
  return (
    <ActionIcon {...ICON} onClick={() => setColorScheme(next)} {...named(label)}>
      <Icon size={18} aria-hidden />
    </ActionIcon>
  );
}

function named(label: string): Pick<ComponentPropsWithoutRef<"button">, "aria-label" | "title"> {
  return { "aria-label": label, title: label };
}
