import { Box, Group, Progress, Stack, Table, Text, Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Job } from "~/api/types";
import { isFinal } from "~/events/jobNews";
import { useNow } from "~/jobs/Seconds";
import { duration, fullTime } from "~/ui/time";
import { type Moments, moments, type Phase, stretches } from "./timeline";

const COLOURS: Record<Phase, string> = { queue: "gray.5", cold: "orange.5", run: "violet.6", files: "teal.5" };
const ORDER: (keyof Moments)[] = ["accepted", "claimed", "ready", "done"];

/** What a job's time went into, as a bar with numbers, and when each thing happened. */
export function Timeline({ job }: { job: Job }) {
  const { t, i18n } = useTranslation("job");
  const now = useNow(!isFinal(job.status));
  const parts = stretches(job, now);
  const at = moments(job);
  return (
    <Stack gap="sm">
      <Progress.Root size={18} radius="sm" aria-hidden>
        {parts.map(({ phase, seconds, share }) => (
          <Tooltip key={phase} label={`${t(`phase.${phase}`)}: ${duration(seconds)}`}>
            <Progress.Section value={share} color={COLOURS[phase]} />
          </Tooltip>
        ))}
      </Progress.Root>
      <Group gap="md" component="ul" p={0} m={0} style={{ listStyle: "none" }}>
        {parts.map(({ phase, seconds }) => (
          <Group key={phase} gap={6} wrap="nowrap" component="li">
            <Box w={10} h={10} bg={COLOURS[phase]} style={{ borderRadius: 2 }} aria-hidden />
            <Text size="sm">
              {t(`phase.${phase}`)} <b>{duration(seconds)}</b>
            </Text>
          </Group>
        ))}
      </Group>
      <Table withRowBorders={false} verticalSpacing={2} horizontalSpacing={0} fz="sm" w="auto">
        <Table.Tbody>
          {ORDER.filter((moment) => at[moment] !== null).map((moment) => (
            <Table.Tr key={moment}>
              <Table.Th scope="row" fw={400} c="dimmed" pr="md">
                {t(moment === "done" ? `ended.${job.status}` : `moment.${moment}`, { defaultValue: "" })}
              </Table.Th>
              <Table.Td>{fullTime(at[moment] as number, i18n.language)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {job.attempt > 1 && (
        <Text size="sm" c="dimmed">
          {t("attempts", { count: job.attempt })}
        </Text>
      )}
    </Stack>
  );
}
