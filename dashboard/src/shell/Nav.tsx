import { NavLink } from "@mantine/core";
import { IconChartBar, IconKey, IconListDetails, IconRocket, IconServer2, IconSettings } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";

const PLACES = [
  { href: "/", key: "deployments", icon: IconRocket, also: ["/deploy", "/deployments"] },
  { href: "/jobs", key: "jobs", icon: IconListDetails, also: ["/jobs"] },
  { href: "/backends", key: "backends", icon: IconServer2, also: ["/backends"] },
  { href: "/keys", key: "keys", icon: IconKey, also: ["/keys"] },
  { href: "/usage", key: "usage", icon: IconChartBar, also: ["/usage"] },
  { href: "/settings", key: "settings", icon: IconSettings, also: ["/settings"] },
] as const;

/** The ways to the pages. */
export function Nav() {
  const { t } = useTranslation();
  const [location] = useLocation();
  return (
    <>
      {PLACES.map(({ href, key, icon: Icon, also }) => {
        const active = location === href || also.some((start) => location.startsWith(start));
        return (
          <NavLink
            key={href}
            component={Link}
            href={href}
            label={t(`nav.${key}`)}
            leftSection={<Icon size={18} aria-hidden />}
            active={active}
            aria-current={active ? "page" : undefined}
            variant="light"
            style={{ borderRadius: "var(--mantine-radius-md)" }}
          />
        );
      })}
    </>
  );
}
