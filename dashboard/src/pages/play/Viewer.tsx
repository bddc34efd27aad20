import { Button } from "@mantine/core";
import { IconDownload, IconRefresh } from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { Job, JobDetail } from "~/api/types";
import type { Comparable } from "~/outputs/CompareDialog";
import { download } from "~/outputs/fileUrl";
import { Lightbox } from "~/outputs/Lightbox";
import { outputKind } from "~/outputs/outputKind";
import { comparables, gallery, nameOf, placeOf, type Shown } from "./gallery";
import { CompareButton, SendButton } from "./OutputButtons";
import { usePlay } from "./PlayContext";
import { useJobDetail } from "./useJobDetail";

const CompareDialog = lazy(() => import("~/outputs/CompareDialog"));

interface Props {
  jobs: Job[];
  viewed: Shown | null;
  onView: (shown: Shown | null) => void;
  compared: Shown | null;
  onCompare: (shown: Shown | null) => void;
}

/** What was made, large; and two pictures side by side. */
export function Viewer({ jobs, viewed, onView, compared, onCompare }: Props) {
  const { t } = useTranslation("play");
  const { again } = usePlay();
  const all = gallery(jobs);
  const place = placeOf(all, viewed);
  const shown = place === null ? undefined : all[place];
  return (
    <>
      <Lightbox
        outputs={all.map(({ output }) => output)}
        index={compared ? null : place}
        onIndex={(index) => onView(all[index] ?? null)}
        onClose={() => onView(null)}
        actions={
          shown && (
            <>
              <Button
                variant="default"
                size="xs"
                leftSection={<IconDownload size={16} aria-hidden />}
                onClick={() => download(shown.output)}
              >
                {t("output.save")}
              </Button>
              <SendButton output={shown.output} />
              <CompareButton shown={shown} />
              <Button
                variant="default"
                size="xs"
                leftSection={<IconRefresh size={16} aria-hidden />}
                onClick={() => again(shown.job)}
              >
                {t("again.button")}
              </Button>
            </>
          )
        }
      />
      {compared && <Comparison all={all} shown={compared} onClose={() => onCompare(null)} />}
    </>
  );
}

function Comparison({ all, shown, onClose }: { all: Shown[]; shown: Shown; onClose: () => void }) {
  const detail = useJobDetail(shown.job, true);
  if (detail.isPending) return null;
  const others = [...sentWith(detail.data), ...comparables(all, shown).map(comparable)];
  return (
    <Suspense>
      <CompareDialog picture={comparable(shown)} others={others} onClose={onClose} />
    </Suspense>
  );
}

/** What a picture was made from is what people compare it with first. */
function sentWith(detail: JobDetail | undefined): Comparable[] {
  return (detail?.uploads ?? [])
    .filter((upload) => outputKind(upload) === "image")
    .map((upload) => ({ id: `upload/${upload.input}`, url: upload.url, label: upload.filename }));
}

function comparable(shown: Shown): Comparable {
  return { id: nameOf(shown), url: shown.output.url, label: shown.output.filename };
}
