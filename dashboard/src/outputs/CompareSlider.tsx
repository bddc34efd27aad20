import { Handle, HandleRoot, Image, Item, Provider, Root } from "react-compare-slider/components";
import { useReactCompareSlider } from "react-compare-slider/hooks";
import { useTranslation } from "react-i18next";
import type { Comparable } from "./CompareDialog";
import classes from "./CompareDialog.module.css";
import { fileUrl } from "./fileUrl";

/** The line that is moved; by its own, because its code is fetched only when pictures are compared. */
export default function CompareSlider({ left, right }: { left: Comparable; right: Comparable }) {
  const { t } = useTranslation("play");
  return (
    <Provider {...useReactCompareSlider({})}>
      <Root className={classes.slider}>
        <Item item="itemOne">
          <Side picture={left} />
        </Item>
        <Item item="itemTwo">
          <Side picture={right} />
        </Item>
        <HandleRoot aria-label={t("compare.slider")}>
          <Handle />
        </HandleRoot>
      </Root>
    </Provider>
  );
}

function Side({ picture }: { picture: Comparable }) {
  return <Image src={fileUrl(picture.url)} alt={picture.label} style={{ objectFit: "contain" }} />;
}
