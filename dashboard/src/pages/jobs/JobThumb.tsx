import { Center, Image, Text } from "@mantine/core";
import { IconFile } from "@tabler/icons-react";
import { useState } from "react";
import type { Job } from "~/api/types";
import { fileUrl } from "~/outputs/fileUrl";
import { outputKind } from "~/outputs/outputKind";
import classes from "./Jobs.module.css";

/** The first picture that a job made, small; how many more files there are. */
export function JobThumb({ job }: { job: Pick<Job, "outputs"> }) {
  const [gone, setGone] = useState<string | null>(null);
  const outputs = job.outputs ?? [];
  const picture = outputs.find((output) => outputKind(output) === "image");
  if (!outputs.length) return <div className={classes.thumb} data-empty />;
  return (
    <div className={classes.thumb}>
      {picture && picture.url !== gone ? (
        <Image
          src={fileUrl(picture.url)}
          alt=""
          loading="lazy"
          decoding="async"
          fit="cover"
          w="100%"
          h="100%"
          onError={() => setGone(picture.url)}
        />
      ) : (
        <Center h="100%">
          <IconFile size={20} aria-hidden />
        </Center>
      )}
      {outputs.length > 1 && (
        <Text span className={classes.more}>
          {outputs.length}
        </Text>
      )}
    </div>
  );
}
