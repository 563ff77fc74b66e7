// What happened, in one line per event type. Pure text.

import type { RunEvent } from "../protocol/events";
import { countsRounds, type Actor, type Json } from "../protocol/gates";
import { asObject, isCutOff } from "../state/model";
import { causeWords, outputLine, shortRun, skipWords } from "../state/summary";
import { clock, duration } from "../text/format";

/** What an event says, in words. */
export function eventWords(event: RunEvent): string {
  switch (event.type) {
    case "run_queued":
      return `queued ${event.parent === undefined ? `from ${event.surface}` : `by run ${shortRun(event.parent)}`}${event.message === undefined ? "" : `: ${event.message}`}`;
    case "definition_pinned":
      return `definition pinned, ${event.files.length} ${event.files.length === 1 ? "file" : "files"}`;
    case "run_started":
      return `run started, version ${event.version}`;
    case "inputs_resolved":
      return Object.keys(event.inputs).length === 0 ? "no inputs" : `inputs: ${Object.keys(event.inputs).join(", ")}`;
    case "context_trimmed":
      return `context trimmed (${event.strategy})`;
    case "budget_exceeded":
      return `spent $${event.spent_usd.toFixed(2)} of $${event.budget_usd.toFixed(2)}${event.enforced ? "" : ", not enforced"}`;
    case "run_waiting":
      return "run waits for a decision";
    case "run_parked":
      return "parked: an answer starts it again";
    case "run_resumed":
      return `resumed by ${whoIn(event)}`;
    case "run_completed":
      return `run completed${event.outcome === undefined ? "" : `: ${event.outcome}`}`;
    case "run_failed":
      return `run failed (${causeWords(event.cause)}): ${event.error.message}`;
    case "run_cancelled":
      return `run cancelled by ${event.by}: ${event.reason}`;
    case "step_started":
      return `started${event.attempt > 1 ? `, attempt ${event.attempt}` : ""}`;
    case "process_started":
      return "process started";
    case "child_started":
      return `is run ${shortRun(event.child)}`;
    case "child_waiting":
      return `run ${shortRun(event.child)} waits as a whole`;
    case "step_completed":
      return `done in ${duration(event.elapsed)}: ${outputLine(event.output)}`;
    case "step_failed":
      return isCutOff(event.error) ? event.error.message : `failed: ${event.error.message}`;
    case "step_skipped":
      return `skipped: ${skipWords(event.reason)}`;
    case "route_taken":
      return `next: ${event.to}${event.when === undefined ? "" : `, when ${event.when}`}`;
    case "steps_invalidated":
      return `results from ${event.from} on are set aside`;
    case "group_started":
      return `group started: ${event.members.join(", ")}`;
    case "group_completed":
      return `group done: ${event.succeeded} succeeded, ${event.failed} failed`;
    case "item_started":
      return `item ${event.key} started`;
    case "item_completed":
      return `item ${event.key} done`;
    case "item_failed":
      return `item ${event.key} failed: ${event.error.message}`;
    case "subworkflow_started":
      return `runs workflow ${event.workflow}`;
    case "deadline_set":
      return `its time begins again, the clock was put back: until ${clock(event.deadline)}`;
    case "subworkflow_completed":
      return "sub-workflow returned";
    case "loop_iteration_started":
      return `round ${event.round} of ${event.max}`;
    case "loop_iteration_completed":
      return `round ${event.round} done`;
    case "timer_started":
      return `waits ${duration(event.seconds * 1000)}`;
    case "timer_fired":
      return "waited long enough";
    case "iteration_limit_reached":
      if (countsRounds(event.gate)) return `used ${event.gate.current_iteration ?? "all"} of ${event.gate.max_iterations ?? "its"} rounds`;
      return `${event.gate.workflow} used ${event.gate.current_iteration ?? "all"} of ${event.gate.max_iterations ?? "its"} steps; next: ${event.gate.step}`;
    case "gate_opened":
      return `asks: ${plainLine(event.gate.prompt)}`;
    case "iteration_limit_resolved":
      return `${whoIn(event)} decided; limit is ${event.max_iterations}`;
    case "gate_answered":
      return `${whoIn(event)} answered ${event.gate}${answerWord(event.answer)}`;
    case "gate_withdrawn":
      return `question ${event.gate} withdrawn: ${event.reason}`;
    case "stop_requested":
      return `${whoIn(event)} asked to stop`;
    case "abort_requested":
      return `${whoIn(event)} asked to abort`;
    case "guidance_given":
      return `${whoIn(event)}: ${event.text}`;
    case "guidance_applied":
      return "got the guidance";
    case "agent_message":
    case "agent_thought":
    case "script_output":
      return event.text;
    case "agent_tool_call":
      return `${event.title} (${event.status})`;
    case "agent_usage":
      return "usage";
    case "warning":
      return event.message;
    default:
      return (event as RunEvent).type;
  }
}

/** Who did something, and where; nobody sits at a policy. */
function whoIn(actor: Actor): string {
  return actor.surface === "policy" ? actor.by : `${actor.by} in ${actor.surface}`;
}

/** The word of an answer that has one: `: approve`. */
function answerWord(answer: Json): string {
  const fields = asObject(answer);
  const word = fields === null ? undefined : (fields["decision"] ?? fields["value"] ?? fields["option"]);
  return typeof word === "string" && word !== "" ? `: ${word.replaceAll("_", " ")}` : "";
}

/** The first line of a text without the marks of Markdown. */
function plainLine(text: string): string {
  return (text.trim().split("\n", 1)[0] ?? "").replace(/^[#>\s]+/, "").replace(/\*\*|__|`/g, "");
}
