import { Badge, Button, Code, Group, Text, ThemeIcon } from "@mantine/core";
import { IconAlertTriangle, IconXboxX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Packs } from "./Packs";
import type { ReportProblem } from "./problemGroups";

/** The codes that have words of their own; a newer server may send others. */
const KNOWN = [
  "unknown_node_class",
  "missing_model",
  "invalid_choice",
  "out_of_range",
  "wrong_type",
  "missing_input",
  "broken_link",
  "link_type",
  "cycle",
  "no_output",
  "unreachable",
  "always_cached",
] as const;
type Known = (typeof KNOWN)[number];
const isKnown = (code: string): code is Known => (KNOWN as readonly string[]).includes(code);

interface Props {
  problem: ReportProblem;
  /** All backends that were asked. */
  backends: string[];
  onUse?: (problem: ReportProblem, value: string) => void;
}

/** One thing that is wrong: what, in which words of the server's, where, and what may have been meant. */
export function ProblemItem({ problem, backends, onUse }: Props) {
  const { t } = useTranslation("deploy");
  const error = problem.severity === "error";
  const code = isKnown(problem.code) ? problem.code : null;
  const onSome = problem.backends.length > 0 && problem.backends.length < backends.length;
  return (
    <Group wrap="nowrap" align="flex-start" gap="xs">
      <ThemeIcon size="sm" variant="light" color={error ? "red" : "yellow"} mt={1}>
        {error ? (
          <IconXboxX size={14} aria-label={t("report.error")} />
        ) : (
          <IconAlertTriangle size={14} aria-label={t("report.warning")} />
        )}
      </ThemeIcon>
      <div style={{ minWidth: 0, flex: 1 }}>
        <Group gap={6}>
          <Text size="sm" fw={600}>
            {code ? t(`report.codes.${code}`) : problem.code}
          </Text>
          {problem.input_name && <Code className="break">{problem.input_name}</Code>}
        </Group>
        <Text size="sm" className="break" lang="en">
          {problem.message}
        </Text>
        {(code === "missing_model" || (code === "unknown_node_class" && problem.packs.length === 0)) && (
          <Text size="sm" c="dimmed">
            {t(`report.todo.${code}`)}
          </Text>
        )}
        {problem.packs.length > 0 && <Packs packs={problem.packs} />}
        {onSome && (
          <Group gap={6} mt={4}>
            <Text size="xs" c="dimmed">
              {t("report.onlyOn")}
            </Text>
            {problem.backends.slice(0, 6).map((name) => (
              <Badge key={name} variant="default" size="sm" miw={0}>
                {name}
              </Badge>
            ))}
            {problem.backends.length > 6 && <Text size="xs">+{problem.backends.length - 6}</Text>}
          </Group>
        )}
        <Nearest problem={problem} onUse={onUse} />
      </div>
    </Group>
  );
}

/** Names that may have been meant, to be taken at once; the message names them where they can't be. */
function Nearest({ problem, onUse }: Omit<Props, "backends">) {
  const { t } = useTranslation("deploy");
  if (problem.nearest.length === 0 || !onUse || !problem.input_name) return null;
  return (
    <Group gap={6} mt={4}>
      <Text size="xs" c="dimmed">
        {t("report.useInstead")}
      </Text>
      {problem.nearest.map((name) => (
        <Button
          key={name}
          size="compact-xs"
          variant="default"
          maw="100%"
          onClick={() => onUse(problem, name)}
          aria-label={t("report.useInsteadNamed", { name })}
        >
          {name}
        </Button>
      ))}
    </Group>
  );
}
