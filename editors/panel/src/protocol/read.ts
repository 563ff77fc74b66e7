// Reads documents as servers print them into the shapes that views use: a list
// names an earlier run by its id, a refusal carries it whole.

import type { PriorRun, RunSummary, RunsDocument, StartRequest } from "./documents";
import type { Json } from "./gates";

/** Runs and start requests from a server's answer; anything else is an empty list. */
export function readRuns(value: unknown): RunsDocument {
  const document = record(value);
  const runs = list(document?.["runs"]).map((run) => ({ ...run, gates: list(run["gates"]) }) as unknown as RunSummary);
  return { runs, starts: readStarts(document?.["starts"], runs) };
}

/** Start requests, each with its earlier run. */
export function readStarts(value: unknown, runs: readonly RunSummary[]): StartRequest[] {
  return list(value).flatMap((start) => {
    const prior = readPrior(start["prior"], runs);
    if (typeof start["start"] !== "string" || (prior === null && !Array.isArray(start["changes"]))) return [];
    return [{ ...(start as unknown as StartRequest), workflow: String(start["workflow"] ?? ""), request: (record(start["request"]) ?? {}) as StartRequest["request"], prior }];
  });
}

function readPrior(value: unknown, runs: readonly RunSummary[]): PriorRun | null {
  const whole = record(value);
  if (whole !== null) return whole as unknown as PriorRun;
  if (typeof value !== "string") return null;
  const run = runs.find((each) => each.run === value);
  // An earlier run that fell out of the list can still be resumed by its id.
  if (run === undefined) return { run: value, status: "failed" };
  return {
    run: value, status: run.status, cause: run.cause ?? null, started: run.started ?? null,
    progress: (run as { readonly progress?: Json }).progress ?? null, message: about(run), gate: run.gates[0] ?? null,
  };
}

/** What a run was asked for: its message, or the inputs that a form asked for. */
function about(run: RunSummary): string | null {
  if (run.message !== undefined && run.message !== null) return run.message;
  const inputs = record((run as { readonly inputs?: unknown }).inputs) ?? {};
  const words = Object.entries(inputs).map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
  return words.length === 0 ? null : words.join(", ");
}

function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(record).filter((entry) => entry !== null) : [];
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}
