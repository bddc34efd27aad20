import { Button, Group, Image, Loader, Modal, ScrollArea, Text, UnstyledButton } from "@mantine/core";
import { IconArrowsExchange } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import classes from "./CompareDialog.module.css";
import { fileUrl } from "./fileUrl";

/** A picture that can be compared with another. */
export interface Comparable {
  id: string;
  url: string;
  label: string;
}

interface Props {
  picture: Comparable;
  /** What it can be compared with, the likeliest first. */
  others: Comparable[];
  onClose: () => void;
}

const Slider = lazy(() => import("./CompareSlider"));

/** Two pictures one over the other, with a line to move between them; which the other is can be chosen. */
export default function CompareDialog({ picture, others, onClose }: Props) {
  const { t } = useTranslation("play");
  const [otherId, setOtherId] = useState(others[0]?.id);
  const [swapped, setSwapped] = useState(false);
  const other = others.find(({ id }) => id === otherId) ?? others[0];
  const [left, right] = swapped ? [picture, other] : [other, picture];
  return (
    <Modal
      opened
      onClose={onClose}
      size="min(96vw, 70rem)"
      title={t("compare.title")}
      closeButtonProps={{ "aria-label": t("compare.close") }}
    >
      {left && right ? (
        <>
          <Suspense fallback={<Loader role="status" aria-label={t("output.fetching", { name: picture.label })} />}>
            <Slider left={left} right={right} />
          </Suspense>
          <Group justify="space-between" wrap="nowrap" mt="xs" gap="xs">
            <Text size="sm" className="clip" title={left.label}>
              {left.label}
            </Text>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconArrowsExchange size={14} aria-hidden />}
              onClick={() => setSwapped(!swapped)}
              style={{ flexShrink: 0 }}
            >
              {t("compare.swap")}
            </Button>
            <Text size="sm" className="clip" title={right.label} ta="right">
              {right.label}
            </Text>
          </Group>
          <Others others={others} chosen={other?.id} onChoose={setOtherId} />
        </>
      ) : (
        <Text>{t("compare.nothing")}</Text>
      )}
    </Modal>
  );
}

interface OthersProps {
  others: Comparable[];
  chosen: string | undefined;
  onChoose: (id: string) => void;
}

function Others({ others, chosen, onChoose }: OthersProps) {
  const { t } = useTranslation("play");
  if (others.length < 2) return null;
  return (
    <>
      <Text size="sm" fw={600} mt="md" mb={4}>
        {t("compare.with")}
      </Text>
      <ScrollArea scrollbarSize={8} offsetScrollbars="x">
        <Group gap="xs" wrap="nowrap" p={3}>
          {others.map(({ id, url, label }) => (
            <UnstyledButton
              key={id}
              className={classes.other}
              aria-pressed={id === chosen}
              aria-label={t("compare.withThis", { name: label })}
              title={label}
              onClick={() => onChoose(id)}
            >
              <Image src={fileUrl(url)} alt="" w={72} h={72} fit="cover" loading="lazy" radius="sm" />
            </UnstyledButton>
          ))}
        </Group>
      </ScrollArea>
    </>
  );
}
