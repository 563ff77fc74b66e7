import { describe, expect, it } from "vitest";
import type { RunsDocument } from "../../panel/src/protocol/documents";
import { Runs } from "../src/runs";
import type { Server } from "../src/server";

const listed = (count: number): RunsDocument => ({ runs: [], starts: Array.from({ length: count }, (_, i) => ({ start: `s${i}`, workflow: "w", prior: null, request: {} })) });

describe("the list of runs", () => {
  it("is what is true now for everybody who has waited for it, however many ask at once", async () => {
    let asked = 0;
    const answers: (() => void)[] = [];
    const server = {
      onRunsChanged: () => ({ dispose: () => undefined }),
      runs: () => {
        asked += 1;
        const document = listed(asked);
        return new Promise<RunsDocument>((resolve) => answers.push(() => resolve(document)));
      },
    };
    const runs = new Runs(server as unknown as Server);
    const first = runs.refresh();
    // Something changed meanwhile: what is under way may not have seen it.
    const second = runs.refresh();
    const third = runs.refresh();
    let done = false;
    void second.then(() => (done = true));
    answers.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect([asked, done]).toEqual([2, false]);
    answers.shift()?.();
    await Promise.all([first, second, third]);
    expect([asked, runs.document.starts.length]).toEqual([2, 2]);
  });
});
