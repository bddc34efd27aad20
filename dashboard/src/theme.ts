import { type CSSVariablesResolver, createTheme, DEFAULT_THEME } from "@mantine/core";
import i18next from "i18next";

/** How everything looks; both colour schemes come from it. */
export const theme = createTheme({
  primaryColor: "violet",
  primaryShade: { light: 7, dark: 8 },
  autoContrast: true,
  defaultRadius: "md",
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", "Noto Sans TC", "PingFang TC", "Microsoft JhengHei", "Noto Sans CJK TC", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  headings: { fontWeight: "650" },
  cursorType: "pointer",
  respectReducedMotion: true,
  // by name alone: an import would bring them into the first page
  components: {
    // never cut short: its few words say what is what
    Badge: { defaultProps: { tt: "none", fw: 600, miw: "max-content" } },
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } }, // ARIA allows nothing but items in a menu
    // a table too wide for the window is scrolled by keyboard, too
    TableScrollContainer: { defaultProps: { scrollAreaProps: { viewportProps: { tabIndex: 0 } } } },
    // a function: the language may change
    Notification: { defaultProps: () => ({ closeButtonProps: { "aria-label": i18next.t("close") } }) },
  },
});

/** Darker text on tinted grounds than Mantine's own, which is too pale to be read by all: 4.5 to 1 at least. */
const ON_LIGHT = {
  gray: DEFAULT_THEME.colors.gray[8],
  red: "#a51111",
  orange: "#8f3b00",
  yellow: "#7a4a00",
  teal: "#056848",
  green: "#1f6b2c",
  blue: "#11539c",
  violet: "#5027b0",
};

/** What Mantine leaves to variables; given to the provider. */
export const cssVariables: CSSVariablesResolver = (theme) => ({
  variables: { "--mantine-color-red-filled": theme.colors.red[9], "--mantine-color-red-filled-hover": "#b02525" },
  light: {
    "--mantine-color-dimmed": theme.colors.gray[7],
    "--mantine-color-placeholder": theme.colors.gray[7],
    "--mantine-color-error": ON_LIGHT.red,
    ...Object.fromEntries(
      Object.entries(ON_LIGHT).map(([name, colour]) => [`--mantine-color-${name}-light-color`, colour]),
    ),
  },
  dark: {
    "--mantine-color-dimmed": theme.colors.dark[1],
    "--mantine-color-placeholder": theme.colors.dark[2],
    "--mantine-color-error": theme.colors.red[4],
    "--mantine-color-anchor": theme.colors.violet[3],
    ...Object.fromEntries(
      Object.keys(ON_LIGHT).map((name) => [`--mantine-color-${name}-light-color`, theme.colors[name]?.[2] ?? ""]),
    ),
  },
});
