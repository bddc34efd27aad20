import { ActionIcon, Button, FileButton, Menu } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  IconAdjustments,
  IconDots,
  IconDownload,
  IconFileUpload,
  IconHistory,
  IconPlayerPlay,
  IconTrash,
} from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useTakeFile } from "~/workflow-file/useTakeFile";
import { DeleteDialog } from "./DeleteDialog";

const ShareButton = lazy(() => import("~/share/ShareButton").then((module) => ({ default: module.ShareButton })));

/** What can be done with a deployment. */
export function Actions({ name }: { name: string }) {
  const { t } = useTranslation("deployment");
  return (
    <>
      <Button component={Link} href={`/play/${name}`} leftSection={<IconPlayerPlay size={16} aria-hidden />}>
        {t("action.play")}
      </Button>
      <Suspense>
        <ShareButton deployment={name} />
      </Suspense>
      <Button
        component={Link}
        href={`/deployments/${name}/inputs`}
        variant="default"
        leftSection={<IconAdjustments size={16} aria-hidden />}
      >
        {t("action.inputs")}
      </Button>
      <Button
        component={Link}
        href={`/deployments/${name}/versions`}
        variant="default"
        leftSection={<IconHistory size={16} aria-hidden />}
      >
        {t("action.versions")}
      </Button>
      <More name={name} />
    </>
  );
}

function More({ name }: { name: string }) {
  const { t } = useTranslation("deployment");
  const take = useTakeFile();
  const [deleting, { open, close }] = useDisclosure(false);
  return (
    <>
      {/* kept, so that the file can still be chosen when the menu has closed */}
      <Menu position="bottom-end" keepMounted>
        <Menu.Target>
          <ActionIcon variant="default" size={36} aria-label={t("action.more")} title={t("action.more")}>
            <IconDots size={16} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <FileButton
            accept=".json,.png,application/json,image/png"
            onChange={(file) => file && void take([file], name)}
          >
            {(picker) => (
              <Menu.Item {...picker} leftSection={<IconFileUpload size={16} aria-hidden />}>
                {t("action.newVersion")}
              </Menu.Item>
            )}
          </FileButton>
          <Menu.Item
            component="a"
            href={`/api/deployments/${name}/app`}
            download={`${name}.view_comfy.json`}
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            {t("action.download")}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item color="red" onClick={open} leftSection={<IconTrash size={16} aria-hidden />}>
            {t("action.delete")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <DeleteDialog name={name} opened={deleting} onClose={close} />
    </>
  );
}
