import { Stack } from "@mantine/core";
import { Figures } from "./Figures";
import { RecentJobs } from "./RecentJobs";

/** How it does: figures of a while, and its last jobs. */
export default function ActivityTab({ name }: { name: string }) {
  return (
    <Stack gap="xl">
      <Figures name={name} />
      <RecentJobs name={name} />
    </Stack>
  );
}
