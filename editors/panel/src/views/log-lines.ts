// An event as one line of the log: level, step and text. Pure.

import type { RunEvent } from "../protocol/events";
import { describePath, type InnerWord, parseSegment, splitPath } from "../state/paths";
import { isCutOff } from "../state/model";
import { eventWords } from "./log-words";

/** How much a line matters. */
export type Level = "state" | "output" | "thought" | "warning" | "error" | "decision";

/** One line. */
export interface LogLine {
  readonly level: Level;
  readonly where: string;
  readonly text: string;
}

/** The line of an event; `inner` tells rounds from items. */
export function logLine(event: RunEvent, inner: InnerWord): LogLine {
  return { level: levelOf(event), where: describePath(event.path, inner), text: eventWords(event) };
}

function levelOf(event: RunEvent): Level {
  switch (event.type) {
    case "step_failed":
      return isCutOff(event.error) ? "state" : "error";
    case "run_failed":
    case "item_failed":
      return "error";
    case "warning":
    case "budget_exceeded":
      return "warning";
    case "script_output":
      return event.stream === "stderr" ? "warning" : "output";
    case "agent_message":
    case "agent_tool_call":
      return "output";
    case "agent_thought":
    case "agent_usage":
    case "process_started":
      return "thought";
    case "iteration_limit_reached":
    case "iteration_limit_resolved":
    case "gate_opened":
    case "gate_answered":
    case "gate_withdrawn":
    case "stop_requested":
    case "abort_requested":
    case "guidance_given":
      return "decision";
    default:
      return "state";
  }
}

/** Whether a line has all the words that are searched for. */
export function matches(event: RunEvent, words: readonly string[], step: string, inner: InnerWord): boolean {
  if (step !== "" && !("step" in event && event.step === step) && !splitPath(event.path).some((part) => parseSegment(part).name === step)) return false;
  if (words.length === 0) return true;
  const line = logLine(event, inner);
  const text = `${line.level} ${line.where} ${event.type} ${line.text}`.toLowerCase();
  return words.every((word) => text.includes(word));
}
