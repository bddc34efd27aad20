import { describe, expect, it } from "vitest";
import { type JobNews, MOST_LINES, NO_NEWS, type RawEvent, withEvents } from "./jobNews";

const event = (kind: string, data: unknown): RawEvent => ({ kind, data: JSON.stringify(data) });
const log = (text: string) => event("log", { at: 1, text, source: "comfyui" });
const at = (node_id: string, done: number) =>
  event("progress", { node_id, title: `node ${node_id}`, value: 1, max: 4, done, total: 5, fraction: done / 5 });
const told = (...events: RawEvent[]): JobNews => withEvents(NO_NEWS, events);

describe("the news of a job", () => {
  it("tell its status, and its error at the end", () => {
    const error = { code: "workflow_failed", message: "no", details: {} };
    const news = told(
      event("status", { status: "running", attempt: 1 }),
      event("status", { status: "failed", attempt: 1, error }),
    );
    expect(news).toMatchObject({ status: "failed", attempt: 1, error });
  });

  it("tell how far it is, which node runs and which ran before", () => {
    const news = told(at("a", 0), at("b", 1), at("b", 1), at("c", 2));
    expect(news).toMatchObject({ fraction: 0.4, done: 2, total: 5, passed: ["a", "b"] });
    expect(news.node).toEqual({ id: "c", title: "node c", value: 1, max: 4 });
  });

  it("begin anew with a new attempt", () => {
    const news = withEvents(told(event("status", { status: "running", attempt: 1 }), at("a", 3)), [
      event("status", { status: "queued", attempt: 1 }),
      event("status", { status: "running", attempt: 2 }),
    ]);
    expect(news).toMatchObject({ status: "running", attempt: 2, fraction: null, node: null, passed: [] });
  });

  it("show the newest preview only, and none after the end", () => {
    const preview = (data: string) => event("preview", { node_id: "1", content_type: "image/jpeg", data });
    expect(told(preview("AA"), preview("BB")).preview).toBe("data:image/jpeg;base64,BB");
    expect(told(preview("AA"), event("status", { status: "succeeded", attempt: 1 })).preview).toBeNull();
    expect(told(event("status", { status: "canceled", attempt: 1 }), preview("AA")).preview).toBeNull();
  });

  it("keep the newest lines, and not more", () => {
    const news = told(...Array.from({ length: MOST_LINES + 10 }, (_, index) => log(`line ${index}`)));
    expect(news.lines).toHaveLength(MOST_LINES);
    expect(news.lines[0]?.text).toBe("line 10");
  });

  it("keep the lines as they are when nothing was logged", () => {
    const before = told(log("one"));
    expect(withEvents(before, [at("a", 1)]).lines).toBe(before.lines);
  });

  it("name each output once", () => {
    const output = event("output", { node_id: "9", filename: "cat.png", content_type: "image/png", size: 3 });
    expect(told(output, output).outputs).toHaveLength(1);
  });

  it("pass over what can't be read", () => {
    const news = told(
      { kind: "log", data: "{" },
      event("log", 5),
      event("odd", {}),
      event("progress", {}),
      log("fine"),
    );
    expect(news.lines.map(({ text }) => text)).toEqual(["fine"]);
    expect(news.node).toBeNull();
  });
});
