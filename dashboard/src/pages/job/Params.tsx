import { Anchor, Group, Image, Stack, Table, Text } from "@mantine/core";
import { IconFile } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { JobDetail } from "~/api/types";
import { fileUrl } from "~/outputs/fileUrl";
import { outputKind } from "~/outputs/outputKind";
import { size } from "~/ui/size";
import classes from "./Job.module.css";

/** More inputs than this are scrolled. */
const MANY = 20;

/** What the job was sent: a value for each input, and the files with what is in them. */
export function Params({ job }: { job: JobDetail }) {
  const { t } = useTranslation("job");
  const values = Object.entries(job.inputs ?? {});
  const uploads = job.uploads ?? [];
  const others = uploads.filter((upload) => !values.some(([name]) => name === upload.input));
  if (!values.length && !uploads.length) {
    return (
      <Text size="sm" c="dimmed">
        {t("params.none")}
      </Text>
    );
  }
  const table = (
    <Table layout="fixed" fz="sm" verticalSpacing={6} aria-label={t("params.title")}>
      <Table.Tbody>
        {values.map(([name, value]) => {
          const sent = uploads.filter((upload) => upload.input === name);
          return (
            <Table.Tr key={name}>
              <Table.Th scope="row" fw={500} w="46%" className="break" style={{ verticalAlign: "top" }}>
                {name}
              </Table.Th>
              <Table.Td>{sent.length ? <Uploads uploads={sent} /> : <Value value={value} />}</Table.Td>
            </Table.Tr>
          );
        })}
        {others.length > 0 && (
          <Table.Tr>
            <Table.Th scope="row" fw={500} style={{ verticalAlign: "top" }}>
              {t("params.files")}
            </Table.Th>
            <Table.Td>
              <Uploads uploads={others} />
            </Table.Td>
          </Table.Tr>
        )}
      </Table.Tbody>
    </Table>
  );
  if (values.length <= MANY) return table;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={classes.many} tabIndex={0} aria-label={t("params.title")}>
      {table}
    </section>
  );
}

function Value({ value }: { value: unknown }) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return <div className={classes.value}>{text === "" ? "–" : text}</div>;
}

function Uploads({ uploads }: { uploads: NonNullable<JobDetail["uploads"]> }) {
  return (
    <Stack gap="xs">
      {uploads.map((upload) => (
        <Group key={upload.url} gap="xs" wrap="nowrap">
          {outputKind(upload) === "image" ? (
            <Image src={fileUrl(upload.url)} alt="" w={48} h={48} fit="cover" radius="sm" loading="lazy" flex="none" />
          ) : (
            <IconFile size={20} aria-hidden />
          )}
          <Anchor href={fileUrl(upload.url)} target="_blank" rel="noreferrer" size="sm" className="break">
            {upload.filename}
          </Anchor>
          <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>
            {size(upload.size)}
          </Text>
        </Group>
      ))}
    </Stack>
  );
}
