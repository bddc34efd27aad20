import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./app.css";
import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { queryClient } from "./api/queryClient";
import { startI18n } from "./i18n";
import { cssVariables, theme } from "./theme";

const colorScheme = localStorageColorSchemeManager({ key: "viewcomfy-color-scheme" });
const root = document.getElementById("root");

if (root) {
  startI18n().then(() =>
    createRoot(root).render(
      <StrictMode>
        <MantineProvider
          theme={theme}
          cssVariablesResolver={cssVariables}
          colorSchemeManager={colorScheme}
          defaultColorScheme="auto"
        >
          <QueryClientProvider client={queryClient}>
            <Notifications position="bottom-right" />
            <App />
          </QueryClientProvider>
        </MantineProvider>
      </StrictMode>,
    ),
  );
}
