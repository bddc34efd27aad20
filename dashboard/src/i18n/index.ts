import i18next, { type BackendModule } from "i18next";
import { initReactI18next } from "react-i18next";

/** The languages there are, by their names in themselves. */
export const LANGUAGES = { en: "English", "zh-TW": "繁體中文" } as const;
export type Language = keyof typeof LANGUAGES;

type Messages = Record<string, unknown>;
const STORED = "viewcomfy-language";
const files = import.meta.glob<Messages>("./*/*.json", { import: "default" });

/** Each page's messages are fetched with the page, in the language that is shown. */
const byPage: BackendModule = {
  type: "backend",
  init() {},
  read(language, namespace, done) {
    const load = files[`./${language}/${namespace}.json`];
    if (!load) done(new Error(`There are no messages ${language}/${namespace}.`), false);
    else
      load().then(
        (messages) => done(null, messages),
        (fault: Error) => done(fault, false),
      );
  },
};

/** Start with the language chosen before, or the browser's. */
export async function startI18n(): Promise<void> {
  await i18next
    .use(byPage)
    .use(initReactI18next)
    .init({
      lng: stored() ?? preferred(navigator.languages),
      supportedLngs: Object.keys(LANGUAGES),
      load: "currentOnly",
      fallbackLng: false,
      ns: ["common"],
      defaultNS: "common",
      interpolation: { escapeValue: false },
      returnNull: false,
    });
  tellDocument();
}

/** Show everything in this language from now on. */
export async function setLanguage(language: Language): Promise<void> {
  await i18next.changeLanguage(language);
  localStorage.setItem(STORED, language);
  tellDocument();
}

/** Return the language that suits a browser best: Chinese of any kind reads ours more easily than English. */
export function preferred(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    if (tag.toLowerCase().startsWith("zh")) return "zh-TW";
    if (tag.toLowerCase().startsWith("en")) return "en";
  }
  return "en";
}

function tellDocument(): void {
  document.documentElement.lang = i18next.language === "zh-TW" ? "zh-Hant-TW" : i18next.language;
}

function stored(): Language | null {
  const found = localStorage.getItem(STORED);
  return found && found in LANGUAGES ? (found as Language) : null;
}
