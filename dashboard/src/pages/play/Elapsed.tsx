import { Text } from "@mantine/core";
import { useInterval } from "@mantine/hooks";
import { useState } from "react";
import { duration } from "~/ui/time";

/** How long something has lasted, ticking. */
export function Elapsed({ since }: { since: number }) {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useInterval(() => setNow(Date.now() / 1000), 1_000, { autoInvoke: true });
  const seconds = Math.max(0, Math.round(now - since));
  return (
    <Text size="xs" c="dimmed" style={{ fontVariantNumeric: "tabular-nums" }}>
      {seconds < 60 ? `${seconds} s` : duration(seconds)}
    </Text>
  );
}
