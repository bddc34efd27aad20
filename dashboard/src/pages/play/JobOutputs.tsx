import { Stack } from "@mantine/core";
import type { Job, Output } from "~/api/types";
import { OutputView } from "~/outputs/OutputView";
import { isVisual, outputKind } from "~/outputs/outputKind";
import { OutputMenu } from "./OutputMenu";
import { usePlay } from "./PlayContext";
import classes from "./Results.module.css";

interface Props {
  job: Job;
  onGone: () => void;
}

/** What a job made: one picture large, several as tiles, everything else below. */
export function JobOutputs({ job, onGone }: Props) {
  const { open } = usePlay();
  const outputs = job.outputs ?? [];
  const visual = outputs.filter(isVisual);
  const rest = outputs.filter((output) => !isVisual(output));
  const only = visual.length === 1;
  const hasMenu = (output: Output) => isVisual(output) || outputKind(output) === "audio";
  return (
    <Stack gap="xs">
      {visual.length > 0 && (
        <div className={only ? undefined : classes.tiles} data-count={visual.length}>
          {visual.map((output) => (
            <div key={output.filename} className={classes.tile}>
              <OutputView output={output} onOpen={() => open(job, output)} compact={!only} onGone={onGone} />
              <div className={classes.corner}>
                <OutputMenu job={job} output={output} />
              </div>
            </div>
          ))}
        </div>
      )}
      {rest.map((output) => (
        <div key={output.filename} className={classes.tile}>
          <OutputView output={output} compact onGone={onGone} />
          {hasMenu(output) && (
            <div className={classes.corner}>
              <OutputMenu job={job} output={output} />
            </div>
          )}
        </div>
      ))}
    </Stack>
  );
}
