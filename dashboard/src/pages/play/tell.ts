import { notifications } from "@mantine/notifications";
import { asApiError } from "~/api/errors";

/** At the top: the button that runs is at the bottom, and on a phone it would be covered. */
export const POSITION = "top-center";

/** Say that something went well. */
export function said(message: string): void {
  notifications.show({ message, color: "teal", position: POSITION });
}

/** Say what went wrong. */
export function failed(fault: unknown): void {
  const error = asApiError(fault);
  notifications.show({
    title: error.message,
    message: error.hint ?? error.code,
    color: "red",
    autoClose: 8000,
    position: POSITION,
  });
}
