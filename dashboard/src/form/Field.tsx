import { ActionIcon, Box, Group, Input as Mantine, Tooltip } from "@mantine/core";
import { IconRestore } from "@tabler/icons-react";
import { type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import classes from "./Field.module.css";
import type { FieldProps } from "./fieldProps";

const ORDER: ("description" | "input" | "error")[] = ["description", "input", "error"];
const DESCRIPTION = { className: "break", mb: 6 };
const CLASSES = { wrapper: classes.input };
const ERROR = { className: "break", role: "alert" };

/** What one of Mantine's inputs needs so that label, description and problem belong to it. */
export interface Wiring {
  id: string;
  description: string | undefined;
  error: string | undefined;
  required: boolean;
  disabled: boolean;
  inputWrapperOrder: typeof ORDER;
  descriptionProps: typeof DESCRIPTION;
  errorProps: typeof ERROR;
  classNames: typeof CLASSES;
}

interface Props extends FieldProps {
  children: (wiring: Wiring) => ReactNode;
}

/** A field that is one of Mantine's inputs, which shows its description and its problem by itself. */
export function Field({ children, ...props }: Props) {
  const { input, problem, disabled } = props;
  const id = useId();
  return (
    <Box data-input={input.name} miw={0}>
      <Heading {...props} id={`${id}-label`} htmlFor={id} />
      {children({
        id,
        description: input.description || undefined,
        error: problem,
        required: input.required,
        disabled,
        inputWrapperOrder: ORDER,
        descriptionProps: DESCRIPTION,
        errorProps: ERROR,
        classNames: CLASSES,
      })}
    </Box>
  );
}

/** The ids of the elements that belong to a control. */
export interface Ids {
  id: string;
  labelId: string;
  describedBy: string | undefined;
}

interface GroupProps extends FieldProps {
  children: (ids: Ids) => ReactNode;
}

/** A field of several controls, or of one that shows no description and no problem by itself. */
export function FieldGroup({ children, ...props }: GroupProps) {
  const { input, problem } = props;
  const id = useId();
  const described = [input.description && `${id}-description`, problem && `${id}-problem`].filter(Boolean).join(" ");
  return (
    <Box data-input={input.name} miw={0}>
      <Heading {...props} id={`${id}-label`} htmlFor={id} />
      {input.description && (
        <Mantine.Description id={`${id}-description`} {...DESCRIPTION}>
          {input.description}
        </Mantine.Description>
      )}
      {children({ id, labelId: `${id}-label`, describedBy: described || undefined })}
      {problem && (
        <Mantine.Error id={`${id}-problem`} mt={5} {...ERROR}>
          {problem}
        </Mantine.Error>
      )}
    </Box>
  );
}

function Heading({ input, onReset, id, htmlFor }: FieldProps & { id: string; htmlFor: string }) {
  const { t } = useTranslation("form");
  const reset = t("reset", { label: input.label });
  return (
    <Group justify="space-between" wrap="nowrap" gap="xs" mih={26} mb={2} align="center">
      <Mantine.Label id={id} htmlFor={htmlFor} required={input.required} className="break">
        {input.label}
      </Mantine.Label>
      {onReset && (
        <Tooltip label={reset}>
          <ActionIcon variant="subtle" color="gray" size={26} onClick={onReset} aria-label={reset}>
            <IconRestore size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      )}
    </Group>
  );
}
