// How runs, gates and start requests are called in trees, menus and the status
// bar. Pure; nothing here talks to the editor.

import type { RunSummary, RunsDocument, StartRequest } from "../../panel/src/protocol/documents";
import { countsRounds, type Gate } from "../../panel/src/protocol/gates";

/** How the server is. */
export type Health = "starting" | "ok" | "warning" | "error" | "stopped" | "missing";

/** A gate with the run that it holds. */
export interface HeldGate {
  readonly run: RunSummary;
  readonly gate: Gate;
}

/** Counts for menus and the status bar. */
export interface Counts {
  readonly runs: number;
  readonly live: number;
  readonly running: number;
  readonly failed: number;
  readonly gates: number;
  readonly starts: number;
}

/** A run's last eight characters. */
export function shortRun(run: string): string {
  return run.slice(-8);
}

/** Every open gate, in the order of the runs. */
export function heldGates(document: RunsDocument): HeldGate[] {
  return document.runs.flatMap((run) => run.gates.map((gate) => ({ run, gate })));
}

/** Whether a run may still do something without a resume. */
export function isLive(run: RunSummary): boolean {
  return run.status === "queued" || run.status === "running" || run.status === "waiting";
}

/** The counts of a list. */
export function counts(document: RunsDocument): Counts {
  return {
    runs: document.runs.length,
    live: document.runs.filter(isLive).length,
    running: document.runs.filter((run) => run.status === "running" || run.status === "queued").length,
    failed: document.runs.filter((run) => run.status === "failed").length,
    gates: heldGates(document).length,
    starts: document.starts.length,
  };
}

/** "waiting for you", "failed: step failed". */
export function statusWords(run: RunSummary): string {
  const word = run.status === "waiting" ? "waiting for you" : run.status;
  return run.cause === undefined || run.cause === null ? word : `${word}: ${run.cause.replaceAll("_", " ")}`;
}

/** "looper held at 12 of 12". */
export function gateLabel(gate: Gate): string {
  switch (gate.kind) {
    case "iteration_limit":
      return `${countsRounds(gate) ? gate.step : gate.workflow} held at ${gate.current_iteration ?? "?"} of ${gate.max_iterations ?? "?"}`;
    case "human":
      return `${gate.step} asks`;
    case "questions":
      return `${gate.step} has questions`;
    case "approval":
      return `${gate.step} asks for approval`;
    case "permission":
      return `${gate.step} asks for permission`;
  }
}

/** Where a gate holds: its path inside the run, or the run's workflow where that says no more than the step. */
export function gatePlace({ run, gate }: HeldGate): string {
  return gate.path === "" || gate.path === gate.step ? run.workflow : gate.path;
}

/** First line of a text, cut. */
export function firstLine(text: string | null | undefined, max = 100): string {
  const line = (text ?? "").trim().split("\n", 1)[0] ?? "";
  return line.length > max ? `${line.slice(0, max - 1)}…` : line;
}

/** What a start request waits for. */
export function startLabel(start: StartRequest): string {
  if (start.prior === null) return `${start.workflow}: there are uncommitted changes`;
  return `${start.workflow}: an earlier run is ${start.prior.status === "waiting" ? "waiting" : start.prior.status}`;
}

/** Icon of the built-in set for a status. */
export function statusIcon(run: RunSummary): string {
  switch (run.status) {
    case "queued":
      return "clock";
    case "running":
      return "sync~spin";
    case "waiting":
      return "bell-dot";
    case "completed":
      return "pass";
    case "failed":
      return "error";
    case "cancelled":
      return "circle-slash";
  }
}

/** The status bar: running, held gates, health. */
export function statusBar(document: RunsDocument, health: Health): { readonly text: string; readonly tooltip: string; readonly urgent: boolean; readonly command: string } {
  const command = "fermata.ui.restart";
  switch (health) {
    case "missing":
      return { text: "$(error) Fermata", tooltip: "Fermata's server was not found", urgent: false, command };
    case "stopped":
      return { text: "$(error) Fermata", tooltip: "Fermata's server is not running. Click to restart it.", urgent: false, command };
    case "starting":
      return { text: "$(loading~spin) Fermata", tooltip: "Fermata's server is starting", urgent: false, command: "fermata.ui.showOutput" };
    case "ok":
    case "warning":
    case "error":
      break;
  }
  const { running, gates, starts } = counts(document);
  const waiting = gates + starts;
  const parts = [
    health === "error" ? "$(error)" : health === "warning" ? "$(warning)" : null,
    "Fermata",
    running > 0 ? `$(sync~spin) ${running}` : null,
    waiting > 0 ? `$(bell-dot) ${waiting}` : null,
  ].filter((part) => part !== null);
  const words = [
    running > 0 ? `${running} running` : null,
    gates > 0 ? `${gates} ${gates === 1 ? "gate holds" : "gates hold"}` : null,
    starts > 0 ? `${starts} ${starts === 1 ? "choice" : "choices"} about an earlier run` : null,
  ].filter((word) => word !== null);
  return { text: parts.join(" "), tooltip: words.length === 0 ? "Fermata: nothing runs" : `Fermata: ${words.join(", ")}`, urgent: waiting > 0, command: gates > 0 ? "fermata.ui.answer" : starts > 0 ? "fermata.ui.choose" : "fermata.ui.runs" };
}
