import { Anchor, Box, Breadcrumbs, Group, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import { Link } from "wouter";

interface Props {
  /** The heading, and the browser's title. */
  title: string;
  description?: ReactNode;
  /** Where the page lies: `[label, href]`, outermost first. */
  trail?: [string, string][];
  /** Buttons beside the heading. */
  actions?: ReactNode;
  children: ReactNode;
}

/** A page of the dashboard: heading, actions, content. */
export function Page({ title, description, trail = [], actions, children }: Props) {
  useEffect(() => {
    document.title = `${title} · viewcomfy`;
  }, [title]);
  return (
    <Stack gap="lg" pb="xl">
      <Box>
        {trail.length > 0 && (
          <Breadcrumbs mb={4} separatorMargin={6}>
            {trail.map(([label, href]) => (
              <Anchor key={href} component={Link} href={href} size="sm" lh="24px" className="clip" maw={260}>
                {label}
              </Anchor>
            ))}
          </Breadcrumbs>
        )}
        <Group justify="space-between" align="flex-start" gap="sm">
          <Box style={{ flex: `1 1 ${title.length > 40 ? "100%" : description ? "18rem" : "12rem"}`, minWidth: 0 }}>
            <Title order={1} size="h2" className="break">
              {title}
            </Title>
            {description && (
              <Text c="dimmed" mt={4} className="break" component="div">
                {description}
              </Text>
            )}
          </Box>
          {actions && <Group gap="xs">{actions}</Group>}
        </Group>
      </Box>
      {children}
    </Stack>
  );
}
