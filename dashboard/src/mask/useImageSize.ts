import { useEffect, useState } from "react";
import type { Size } from "./view";

/** Return the natural size of an image, as it is turned; undefined while it loads, null where it can't be read. */
export function useImageSize(url: string | undefined): Size | null | undefined {
  const [size, setSize] = useState<Size | null>();
  useEffect(() => {
    if (!url) return;
    const image = new Image();
    image.onload = () => setSize({ width: image.naturalWidth, height: image.naturalHeight });
    image.onerror = () => setSize(null);
    image.src = url;
    return () => {
      image.onload = image.onerror = null;
    };
  }, [url]);
  return size;
}
