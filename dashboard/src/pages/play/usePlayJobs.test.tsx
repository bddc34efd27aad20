import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Job, JobStatus } from "~/api/types";
import { NO_FILTERS } from "./jobList";

const stored = new Map<string, Job>();
const server = vi.fn(async (input: RequestInfo | URL) =>
  answer(new URL(input instanceof Request ? input.url : String(input))),
);
vi.stubGlobal("fetch", server);
const { usePlayJobs } = await import("./usePlayJobs");

function answer(url: URL): Response {
  const promptId = url.pathname.split("/")[3];
  if (promptId) {
    const job = stored.get(promptId);
    return job ? Response.json(job) : Response.json({ code: "unknown_job", detail: "No." }, { status: 404 });
  }
  const wanted = url.searchParams.getAll("status");
  const jobs = [...stored.values()].filter((job) => !wanted.length || wanted.includes(job.status));
  return Response.json({ jobs, next_cursor: null });
}

function put(prompt_id: string, status: JobStatus): Job {
  const job = {
    prompt_id,
    status,
    created_at: stored.get(prompt_id)?.created_at ?? stored.size,
    outputs: [],
  } as unknown as Job;
  stored.set(prompt_id, job);
  return job;
}

function start() {
  const client = new QueryClient();
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>{children}</QueryClientProvider>
  );
  const onEnd = vi.fn();
  const { result } = renderHook(() => usePlayJobs("poster", NO_FILTERS, onEnd), { wrapper });
  const shown = () => result.current.jobs.map((job) => `${job.prompt_id} ${job.status}`);
  return { result, onEnd, shown };
}

const seconds = (count: number) => act(() => vi.advanceTimersByTimeAsync(count * 1_000));

describe("the jobs of a playground", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    stored.clear();
  });
  afterEach(() => vi.useRealTimers());

  it("are the stored ones and what is run meanwhile, and each end is told once", async () => {
    put("a", "succeeded");
    const { result, onEnd, shown } = start();
    await seconds(1);
    act(() => result.current.add(put("b", "queued")));
    expect(shown()).toEqual(["b queued", "a succeeded"]);
    put("b", "running");
    await seconds(4);
    expect(shown()).toEqual(["b running", "a succeeded"]);
    put("b", "succeeded");
    await seconds(20);
    expect(shown()).toEqual(["b succeeded", "a succeeded"]);
    expect(onEnd.mock.calls.map(([job]) => job.prompt_id)).toEqual(["b"]);
  });

  it("include those that were started elsewhere", async () => {
    const { shown } = start();
    await seconds(1);
    put("c", "running");
    await seconds(16);
    expect(shown()).toEqual(["c running"]);
  });

  it("lose a job that is not there any more, and what was deleted here", async () => {
    const { result, shown, onEnd } = start();
    await seconds(1);
    act(() => result.current.add(put("a", "queued")));
    act(() => result.current.add(put("b", "succeeded")));
    stored.clear();
    await seconds(4);
    act(() => result.current.forget("b"));
    expect(shown()).toEqual([]);
    expect(onEnd).not.toHaveBeenCalled();
  });

  it("go on once the server answers again", async () => {
    const { result, shown } = start();
    await seconds(1);
    act(() => result.current.add(put("a", "running")));
    server.mockImplementation(async () => {
      throw new TypeError("Failed to fetch");
    });
    await seconds(8);
    expect(result.current.trouble).toBe("unreachable");
    expect(shown()).toEqual(["a running"]);
    server.mockImplementation(async (input) => answer(new URL(input instanceof Request ? input.url : String(input))));
    put("a", "succeeded");
    await seconds(8);
    expect(result.current.trouble).toBeNull();
    expect(shown()).toEqual(["a succeeded"]);
  });
});
