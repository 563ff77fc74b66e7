import { describe, expect, it } from "vitest";
import { graphView } from "../src/state/nodes";
import { replayTo } from "../src/state/reduce";
import { readRuns } from "../src/protocol/read";
import { LogWriter, RUN } from "./logs";

describe("a server's list", () => {
  it("names the earlier run of a start request by its id, and it is found among the runs", () => {
    const read = readRuns({
      version: 1,
      runs: [{ run: "r1", workflow: "w", path: "/w.yaml", status: "failed", cause: "timeout", progress: "2 of 3 steps", message: "A", started: 5 }],
      starts: [{ start: "s1", workflow: "w", prior: "r1", request: { message: "B" }, created: 7 }],
    });
    expect(read.runs[0]?.gates).toEqual([]);
    expect(read.starts[0]?.prior).toEqual({ run: "r1", status: "failed", cause: "timeout", started: 5, progress: "2 of 3 steps", message: "A", gate: null });
    expect(read.starts[0]?.request.message).toBe("B");
  });

  it("may carry the earlier run whole, or one that is not listed any more", () => {
    const prior = { run: "r0", status: "waiting", message: "A" };
    const read = readRuns({ runs: [], starts: [{ start: "s1", workflow: "w", prior, request: {} }, { start: "s2", workflow: "w", prior: "r9", request: {} }, { start: 3 }] });
    expect(read.starts.map((start) => start.prior)).toEqual([prior, { run: "r9", status: "failed" }]);
    expect(readRuns(null)).toEqual({ runs: [], starts: [] });
  });
});

describe("a group in the graph", () => {
  it("counts its members instead of drawing them beside the routes", () => {
    const log = new LogWriter().begin();
    log.started("checks", "checks", "parallel").add("checks", { type: "group_started", group: "checks", kind: "parallel", members: ["lint", "types", "unit"] });
    log.step("checks/lint", "lint").started("checks/types", "types");
    const model = replayTo(RUN, log.events, log.events.length);
    const view = graphView(model, "", {
      nodes: [{ id: "checks", kind: "parallel", members: ["lint", "types", "unit"] }, { id: "lint", kind: "agent" }, { id: "types", kind: "agent" }, { id: "unit", kind: "agent" }],
      edges: [{ from: "checks", to: "$end" }],
    });
    expect(view.nodes.map((node) => [node.id, node.state, node.inner])).toEqual([["checks", "running", "1 of 3"], ["$end", "pending", null]]);
  });
});
