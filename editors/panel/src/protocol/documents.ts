// The documents that surfaces get: runs, start requests, graphs, results of
// acting verbs. Mirrors `fermata schema protocol`; types only.

import type { RunEvent, Status } from "./events";
import type { Answered, Gate, Json, JsonObject } from "./gates";

/** One run in a list. Times are UTC ms or ISO text, as the server prints them. */
export interface RunSummary {
  readonly run: string;
  readonly workflow: string;
  readonly path: string;
  readonly dialect?: string;
  readonly status: Status;
  readonly cause?: string | null;
  readonly parked?: boolean;
  readonly message?: string | null;
  readonly inputs?: JsonObject;
  readonly step?: string | null;
  readonly gates: readonly Gate[];
  readonly started?: number | string | null;
  readonly ended?: number | string | null;
  readonly scope?: string;
  readonly parent?: string | null;
  readonly outcome?: string | null;
}

/** What a choice says about the earlier run. */
export interface PriorRun {
  readonly run: string;
  readonly status: Status;
  readonly cause?: string | null;
  readonly started?: number | string | null;
  readonly progress?: Json;
  readonly message?: string | null;
  readonly changed?: Json;
  readonly gate?: Gate | null;
}

/** What is asked for now. */
export interface StartWish {
  readonly message?: string | null;
  readonly inputs?: JsonObject;
  readonly [key: string]: Json | undefined;
}

/** The answers to a start request: about an earlier run, or about uncommitted changes. */
export type ChoiceAnswer = "resume" | "abandon_and_run" | "run_fresh" | "with_changes" | "from_head" | "dismiss";

/** A wish to run, kept until it became a run or was dismissed. */
export interface StartRequest {
  readonly start: string;
  readonly workflow: string;
  /** The earlier run; null when the choice is about uncommitted changes. */
  readonly prior: PriorRun | null;
  /** Files with uncommitted changes that the choice is about. */
  readonly changes?: readonly string[];
  readonly request: StartWish;
  readonly created?: number | string | null;
  readonly answers?: readonly ChoiceAnswer[];
}

/** Runs, newest first, and open start requests. */
export interface RunsDocument {
  readonly runs: readonly RunSummary[];
  readonly starts: readonly StartRequest[];
}

/** A step of the static graph. `line` counts from 0. */
export interface GraphNode {
  readonly id: string;
  readonly kind: string;
  readonly label?: string;
  readonly line?: number | null;
  /** Steps inside of a group. */
  readonly members?: readonly string[] | null;
  /** The workflow that it runs, as written. */
  readonly runs?: string | null;
}

/** A route of the static graph. */
export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly when?: string | null;
  readonly back?: boolean;
  readonly label?: string | null;
}

/** The static graph of one workflow (`fermata graph --format json`). */
export interface GraphDocument {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly entry?: string | null;
  readonly loops?: readonly { readonly steps: readonly string[]; readonly name?: string }[];
  readonly limit?: number | null;
}

/** Everything that is known of a run at `last`. */
export interface Snapshot {
  readonly events: readonly RunEvent[];
  readonly last: number;
  readonly graph: GraphDocument | null;
}

/** The verbs that change something, with the parameters of `workspace/executeCommand`. */
export interface ActingVerbs {
  run: { readonly uri: string; readonly inputs?: JsonObject; readonly message?: string; readonly force?: boolean; readonly agent?: string; readonly request?: string };
  dryRun: ActingVerbs["run"];
  choose: { readonly start: string; readonly answer: ChoiceAnswer };
  answer: { readonly run: string; readonly gate: string; readonly answer: Json };
  resume: { readonly run: string; readonly definition?: "pinned" | "edited"; readonly from?: string };
  abandon: { readonly run: string };
  stop: { readonly run: string; readonly abort?: boolean };
  tell: { readonly run: string; readonly text: string };
}

/** Name of an acting verb. */
export type Verb = keyof ActingVerbs;

/** A declared input without a value. */
export interface InputNeeded {
  readonly name: string;
  readonly type: string;
  readonly description?: string | null;
}

/** What a verb came to. A refusal changed nothing. */
export interface ActResult {
  readonly ok: boolean;
  readonly reason?: string;
  readonly message?: string;
  readonly run?: string;
  readonly answered?: Answered | null;
  readonly needed?: number | null;
  readonly choice?: StartRequest;
  /** With `inputs_needed`: what is missing. */
  readonly inputs?: readonly InputNeeded[];
  /** With `no_agent`: the script that the scripted agent would answer from. */
  readonly scripted?: Json;
  /** With `definition_changed`: whether the edited definition could be used. */
  readonly edited?: boolean;
}
