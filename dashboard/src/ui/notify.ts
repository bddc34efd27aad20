import { notifications } from "@mantine/notifications";
import { asApiError } from "~/api/errors";

/** Say that something went well. */
export function said(message: string): void {
  notifications.show({ message, color: "teal" });
}

/** Say what went wrong, where there is no better place for it. */
export function failed(fault: unknown): void {
  const error = asApiError(fault);
  notifications.show({ title: error.message, message: error.hint ?? error.code, color: "red", autoClose: 8000 });
}
