// Logs of any shape that a worker could write, for properties: steps in rounds,
// groups, sub-workflows, gates opened and closed in any order, ends and resumes.

import fc from "fast-check";
import type { RunEvent } from "../src/protocol/events";
import { LogWriter } from "./logs";

const STEPS = ["plan", "patch", "test"] as const;
type Op = { readonly op: number; readonly step: (typeof STEPS)[number]; readonly n: number };

/** A log. */
export function arbitraryLog(): fc.Arbitrary<RunEvent[]> {
  return fc.array(fc.record({ op: fc.nat(15), step: fc.constantFrom(...STEPS), n: fc.nat(9) }), { maxLength: 60 }).map(write);
}

function write(ops: readonly Op[]): RunEvent[] {
  const log = new LogWriter().begin();
  const visits = new Map<string, number>();
  const openSteps: { path: string; step: string }[] = [];
  const gates: string[] = [];
  let frame = "";
  let over = false;
  for (const { op, step, n } of ops) {
    if (over) {
      log.add("", { type: "run_resumed", status: "queued", by: "mia", surface: "panel" }).add("", { type: "run_started", fence: 2, version: "0.1.0", seed: 1 });
      over = false;
      continue;
    }
    const prefix = frame === "" ? "" : `${frame}/`;
    switch (op) {
      case 0: case 1: case 2: case 3: {
        const count = (visits.get(prefix + step) ?? 0) + 1;
        visits.set(prefix + step, count);
        const path = `${prefix}${step}${count === 1 ? "" : `#${count}`}`;
        log.started(path, step, "agent", n);
        openSteps.push({ path, step });
        break;
      }
      case 4: case 5: case 6: {
        const done = openSteps.pop();
        if (done === undefined) break;
        log.completed(done.path, done.step, { n });
        log.route(done.path, done.step, STEPS[n % 3] ?? "plan");
        break;
      }
      case 7: {
        const done = openSteps.pop();
        if (done !== undefined) log.failed(done.path, done.step, "it broke");
        break;
      }
      case 8:
        gates.push(log.limit(frame, step, "w"));
        break;
      case 9:
        gates.push(log.gate({ kind: "human", step, path: openSteps.at(-1)?.path ?? `${prefix}${step}`, workflow: "w", prompt: "?", answers: [] }));
        log.waiting(...gates);
        break;
      case 10: {
        const gate = gates.splice(n % Math.max(1, gates.length), 1)[0];
        if (gate !== undefined) log.answered(gate, { kind: "human", value: "yes" }).resumed();
        break;
      }
      case 11: {
        const gate = gates.shift();
        if (gate !== undefined) log.add("", { type: "gate_withdrawn", gate, reason: "timeout" });
        break;
      }
      case 12: {
        const owner = openSteps.at(-1);
        if (owner === undefined) break;
        log.add(owner.path, { type: "subworkflow_started", step: owner.step, workflow: "inner", file: "/inner.yaml", inputs: {} });
        frame = owner.path;
        break;
      }
      case 13:
        frame = "";
        log.output(`${prefix}${step}`, step, `line ${n}\n`);
        break;
      case 14: {
        const path = `${prefix}each${n}`;
        log.add(path, { type: "group_started", group: `each${n}`, kind: "for_each", members: ["a", "b"] });
        log.add(`${path}[a]`, { type: "item_started", group: `each${n}`, key: "a", index: 0 });
        if (n % 2 === 0) log.started(`${path}[a]`, `each${n}`, "agent").completed(`${path}[a]`, `each${n}`);
        log.add(`${path}[a]`, { type: "item_completed", group: `each${n}`, key: "a", index: 0, output: n });
        log.add(path, { type: "group_completed", group: `each${n}`, succeeded: 1, failed: 0 });
        break;
      }
      default:
        if (n < 2) {
          log.add("", { type: "run_failed", cause: "interrupted", error: { kind: "Interrupted", message: "gone" } });
          over = true;
          gates.length = 0;
        } else log.add("", { type: "warning", message: "careful" });
    }
  }
  return log.events;
}
