import { type Mark, type Stroke, showing } from "./marks";

/** What is needed of a canvas; its transform maps pixels of the image to its own. */
export type Painter = Pick<
  CanvasRenderingContext2D,
  | "arc"
  | "beginPath"
  | "clearRect"
  | "fill"
  | "fillRect"
  | "fillStyle"
  | "globalCompositeOperation"
  | "lineCap"
  | "lineJoin"
  | "lineTo"
  | "lineWidth"
  | "moveTo"
  | "stroke"
  | "strokeStyle"
>;

/** The part of the image that a canvas shows, in pixels of the image. */
interface Area {
  top: number;
  width: number;
  height: number;
}

/** Draw all that was painted: opaque where the mask is, transparent elsewhere. */
export function paint(painter: Painter, done: readonly Mark[], area: Area, colour: string): void {
  painter.globalCompositeOperation = "source-over";
  painter.clearRect(0, area.top, area.width, area.height);
  for (const mark of showing(done)) {
    if (mark.kind === "stroke") paintStroke(painter, mark, colour);
    if (mark.kind === "invert") {
      painter.globalCompositeOperation = "source-out";
      painter.fillStyle = colour;
      painter.fillRect(0, area.top, area.width, area.height);
    }
  }
}

/** Draw a line, or the part of it from a point on. */
export function paintStroke(painter: Painter, stroke: Stroke, colour: string, from = 0): void {
  const { points, width } = stroke;
  const [x = 0, y = 0] = points.slice(from, from + 2);
  painter.globalCompositeOperation = stroke.erase ? "destination-out" : "source-over";
  painter.beginPath();
  if (points.length - from <= 2) {
    painter.fillStyle = colour;
    painter.arc(x, y, width / 2, 0, 2 * Math.PI);
    painter.fill();
    return;
  }
  painter.strokeStyle = colour;
  painter.lineWidth = width;
  painter.lineCap = "round";
  painter.lineJoin = "round";
  painter.moveTo(x, y);
  for (let at = from + 2; at < points.length; at += 2) painter.lineTo(points[at] ?? 0, points[at + 1] ?? 0);
  painter.stroke();
}
