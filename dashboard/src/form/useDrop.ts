import { type DragEvent, useRef, useState } from "react";

/** Take a file that is dropped on an element: `over` while one is held above it, `handlers` for the element. */
export function useDrop(onFile: (file: File) => void, disabled: boolean) {
  const [over, setOver] = useState(false);
  const depth = useRef(0);
  const holdsFile = (event: DragEvent) => !disabled && event.dataTransfer.types.includes("Files");
  const leave = () => {
    depth.current = 0;
    setOver(false);
  };
  const handlers = {
    onDragEnter: (event: DragEvent) => {
      if (!holdsFile(event)) return;
      event.preventDefault();
      depth.current += 1;
      setOver(true);
    },
    onDragOver: (event: DragEvent) => {
      if (!holdsFile(event)) return;
      event.preventDefault();
      event.stopPropagation();
      event.dataTransfer.dropEffect = "copy";
    },
    onDragLeave: () => {
      depth.current -= 1;
      if (depth.current <= 0) leave();
    },
    onDrop: (event: DragEvent) => {
      if (!holdsFile(event)) return;
      event.preventDefault();
      event.stopPropagation(); // the page has drops of its own
      leave();
      const [file] = event.dataTransfer.files;
      if (file) onFile(file);
    },
  };
  return { over, handlers };
}
