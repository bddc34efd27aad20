import { Code } from "@mantine/core";
import { Fragment } from "react";

/** A text whose `parts in backticks` are code. */
export function Marked({ text }: { text: string }) {
  return text.split("`").map((part, at) => {
    return at % 2 ? <Code key={at}>{part}</Code> : <Fragment key={at}>{part}</Fragment>;
  });
}
