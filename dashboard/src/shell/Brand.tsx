import { Anchor, Group, Text } from "@mantine/core";
import { Link } from "wouter";
import logo from "~/favicon.svg";

/** The name, leading home. */
export function Brand({ href = "/" }: { href?: string }) {
  return (
    <Anchor component={Link} href={href} underline="never" c="inherit">
      <Group gap={8} wrap="nowrap">
        <img src={logo} width={24} height={24} alt="" />
        <Text fw={650}>viewcomfy</Text>
      </Group>
    </Anchor>
  );
}
