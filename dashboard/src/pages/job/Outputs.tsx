import { useState } from "react";
import type { Output } from "~/api/types";
import { Lightbox } from "~/outputs/Lightbox";
import { OutputView } from "~/outputs/OutputView";
import { isVisual } from "~/outputs/outputKind";
import classes from "./Job.module.css";

/** What the job made: large where it is one, as tiles where there are several; pictures open in full. */
export function Outputs({ outputs }: { outputs: Output[] }) {
  const [open, setOpen] = useState<number | null>(null);
  const visual = outputs.filter(isVisual);
  return (
    <>
      <div className={outputs.length === 1 ? classes.single : classes.outputs}>
        {outputs.map((output) => (
          <OutputView
            key={`${output.node_id} ${output.filename}`}
            output={output}
            compact={outputs.length > 1}
            onOpen={isVisual(output) ? () => setOpen(visual.indexOf(output)) : undefined}
          />
        ))}
      </div>
      <Lightbox outputs={visual} index={open} onIndex={setOpen} onClose={() => setOpen(null)} />
    </>
  );
}
