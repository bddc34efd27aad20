import { Box, Grid, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Loading } from "~/ui/Loading";
import { InputEditor } from "./InputEditor";
import { Preview } from "./Preview";
import type { EditorState } from "./useInputEditor";

interface Props {
  editor: EditorState;
  problems: Record<string, string>;
  focus: { nodeId: string } | null;
  onNode?: (nodeId: string) => void;
  isLoading: boolean;
}

/** The inputs to edit, and beside them the form that comes of it. */
export function EditorSection({ isLoading, ...props }: Props) {
  const { t } = useTranslation("deploy");
  return (
    <section aria-labelledby="inputs-title">
      <Title order={2} size="h4" id="inputs-title">
        {t("editor.title")}
      </Title>
      <Box c="dimmed" mb="sm">
        {t("editor.help")}
      </Box>
      {isLoading ? (
        <Loading />
      ) : (
        <Grid gap="lg">
          <Grid.Col span={{ base: 12, lg: 7 }}>
            <InputEditor {...props} />
          </Grid.Col>
          <Grid.Col span={{ base: 12, lg: 5 }}>
            <Box style={{ position: "sticky", top: "var(--mantine-spacing-md)" }}>
              <Preview inputs={props.editor.inputs} />
            </Box>
          </Grid.Col>
        </Grid>
      )}
    </section>
  );
}
