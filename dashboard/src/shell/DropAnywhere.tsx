import { Center, Overlay, Portal, Stack, Text } from "@mantine/core";
import { IconFileUpload } from "@tabler/icons-react";
import { lazy, Suspense, useCallback } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { useChoice } from "~/workflow-file/draft";
import { useTakeFile } from "~/workflow-file/useTakeFile";
import { deploymentAt } from "./drag";
import { useFileDrag } from "./useFileDrag";

const ChooseWorkflow = lazy(() => import("~/workflow-file/ChooseWorkflow"));

/** A workflow dropped anywhere on the dashboard leads to the deploy page. */
export function DropAnywhere() {
  return (
    <Suspense>
      <DropArea />
    </Suspense>
  );
}

function DropArea() {
  const { t } = useTranslation("deployments");
  const [location] = useLocation();
  const [choice] = useChoice();
  const take = useTakeFile();
  const deployment = deploymentAt(location);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `take` is new at each render and does the same
  const over = useFileDrag(useCallback((files: File[]) => void take(files, deployment), [deployment]));
  return (
    <>
      {over && (
        <Portal>
          {/* what lies below goes on to see the drag, so that a field of its own can take the file */}
          <Overlay
            fixed
            zIndex={1000}
            color="var(--mantine-color-body)"
            backgroundOpacity={0.9}
            style={{ pointerEvents: "none" }}
          >
            <Center h="100%" p="lg">
              <Stack
                align="center"
                gap="xs"
                p={{ base: "lg", sm: 48 }}
                ta="center"
                maw={560}
                style={{
                  border: "2px dashed var(--mantine-primary-color-filled)",
                  borderRadius: "var(--mantine-radius-lg)",
                }}
              >
                <IconFileUpload size={48} aria-hidden />
                <Text size="xl" fw={650} className="break">
                  {deployment ? t("drop.newVersion", { name: deployment }) : t("drop.title")}
                </Text>
                <Text c="dimmed">{t("drop.kinds")}</Text>
              </Stack>
            </Center>
          </Overlay>
        </Portal>
      )}
      {choice.length > 0 && (
        <Suspense>
          <ChooseWorkflow />
        </Suspense>
      )}
    </>
  );
}
