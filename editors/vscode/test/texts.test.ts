import { describe, expect, it } from "vitest";
import type { RunSummary, RunsDocument } from "../../panel/src/protocol/documents";
import type { Gate } from "../../panel/src/protocol/gates";
import { targetOf } from "../src/commands/parts";
import { readInput } from "../src/inputs-form";
import { counts, gateLabel, statusBar } from "../src/labels";
import { panelPage } from "../src/panel-page";
import { rows } from "../src/tree";
import { isWorkflowFile, lineOfStep } from "../src/workflow-file";

const GATE: Gate = { gate: "g1", kind: "iteration_limit", step: "assess", path: "assess#4", workflow: "looper", prompt: "?", answers: [], current_iteration: 12, max_iterations: 12 };
const run = (id: string, status: RunSummary["status"], gates: Gate[] = []): RunSummary => ({ run: id, workflow: "w", path: "/w.yaml", status, gates });
const DOCUMENT: RunsDocument = {
  runs: [run("r1", "completed"), run("r2", "waiting", [GATE]), run("r3", "running"), run("r4", "failed")],
  starts: [{ start: "s1", workflow: "w", prior: { run: "r4", status: "failed" }, request: { message: "B" } }],
};

describe("a file is offered to be run", () => {
  it("by modeline, by place, or by its top-level keys, and else not", () => {
    expect(isWorkflowFile("/a.yaml", "# fermata: conductor\nx: 1\n")).toBe(true);
    expect(isWorkflowFile("/repo/.archon/workflows/a.yaml", "")).toBe(true);
    expect(isWorkflowFile("/a.yaml", "workflow:\n  name: a\nagents:\n  - name: b\n")).toBe(true);
    expect(isWorkflowFile("/a.yaml", "name: a\nnodes:\n  - id: b\n    bash: ls\n")).toBe(true);
    expect(isWorkflowFile("/a.yaml", "workflow:\n  name: a\n")).toBe(false);
    expect(isWorkflowFile("/docker-compose.yaml", "services:\n  workflow:\n    agents: 1\n")).toBe(false);
    expect(isWorkflowFile("/k8s.yaml", "nodes:\n  - name: b\n")).toBe(false);
  });
});

describe("a step's line", () => {
  it("is where it is named, whatever the quotes", () => {
    const text = "agents:\n  - name: plan\n  - name: 'plan.b'\n    prompt: name: x\n  - id: last # here\n";
    expect(lineOfStep(text, "plan")).toBe(1);
    expect(lineOfStep(text, "plan.b")).toBe(2);
    expect(lineOfStep(text, "last")).toBe(4);
    expect(lineOfStep(text, "x")).toBeNull();
  });
});

describe("the list of runs", () => {
  it("has what waits on top", () => {
    expect(rows(DOCUMENT).map((row) => row.kind)).toEqual(["gate", "start", "run", "run", "run", "run"]);
  });

  it("counts for menus and the status bar", () => {
    expect(counts(DOCUMENT)).toEqual({ runs: 4, live: 2, running: 1, failed: 1, gates: 1, starts: 1 });
    expect(statusBar(DOCUMENT, "ok")).toEqual({ text: "Fermata $(sync~spin) 1 $(bell-dot) 2", tooltip: "Fermata: 1 running, 1 gate holds, 1 choice about an earlier run", urgent: true, command: "fermata.ui.answer" });
    expect(statusBar({ runs: [], starts: [] }, "ok").text).toBe("Fermata");
  });

  it("leads a click to what waits: a gate first, then a choice", () => {
    expect(statusBar(DOCUMENT, "ok").command).toBe("fermata.ui.answer");
    expect(statusBar({ runs: [], starts: DOCUMENT.starts }, "ok").command).toBe("fermata.ui.choose");
    expect(statusBar({ runs: [run("r1", "running")], starts: [] }, "ok").command).toBe("fermata.ui.runs");
    expect(statusBar(DOCUMENT, "stopped").command).toBe("fermata.ui.restart");
    expect(statusBar(DOCUMENT, "stopped").text).toBe("$(error) Fermata");
  });

  it("names a gate by its counter's owner", () => {
    expect(gateLabel(GATE)).toBe("looper held at 12 of 12");
  });
});

describe("a command's argument", () => {
  it("may be a tree row, plain ids or nothing", () => {
    expect(targetOf({ kind: "gate", run: { run: "r2" }, gate: { gate: "g1" } })).toEqual({ run: "r2", gate: "g1", start: undefined });
    expect(targetOf({ run: "r2", gate: "g1" })).toEqual({ run: "r2", gate: "g1", start: undefined });
    expect(targetOf({ kind: "start", start: { start: "s1" } })).toEqual({ run: undefined, gate: undefined, start: "s1" });
    expect(targetOf(undefined)).toEqual({ run: undefined, gate: undefined, start: undefined });
  });
});

describe("the inputs form", () => {
  it("reads each type and says what it wants instead", () => {
    expect(readInput("number", "4.5")).toEqual({ ok: true, value: 4.5 });
    expect(readInput("integer", "4.5").ok).toBe(false);
    expect(readInput("number", "").ok).toBe(false);
    expect(readInput("boolean", "false")).toEqual({ ok: true, value: false });
    expect(readInput("array", '["a"]')).toEqual({ ok: true, value: ["a"] });
    expect(readInput("object", "[]").ok).toBe(false);
    expect(readInput("object", "{").ok).toBe(false);
    expect(readInput("string", "x y")).toEqual({ ok: true, value: "x y" });
  });
});

describe("the panel's page", () => {
  it("allows one script by nonce, its own style sheet, and nothing else", () => {
    const page = panelPage({ script: "https://x/panel.js", style: "https://x/panel.css", source: "https://x", nonce: "abc", run: 'r"><script>' });
    expect(page).toContain("default-src 'none'; script-src 'nonce-abc'; style-src https://x; img-src data:;");
    expect(page).not.toContain("unsafe");
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).toContain("data-run=\"r&quot;>&lt;script>\"");
  });
});
