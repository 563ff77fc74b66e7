// Asking for the inputs that a workflow declares, one after the other, with a
// step back. What was asked for is read from the server's refusal.

import * as vscode from "vscode";
import type { Json, JsonObject } from "../../panel/src/protocol/gates";

/** An input that is missing. */
export interface InputNeeded {
  readonly name: string;
  readonly ty: string;
  readonly description: string;
  readonly choices: readonly string[];
}

/** The missing inputs that a refusal names. */
export function inputsNeeded(refusal: unknown): InputNeeded[] {
  const result = record(refusal);
  const list = result?.["missing"] ?? result?.["inputs"];
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown) => {
    if (typeof entry === "string") return [{ name: entry, ty: "string", description: "", choices: [] }];
    const input = record(entry);
    if (input === null || typeof input["name"] !== "string") return [];
    const ty = input["ty"] ?? input["type"];
    const choices = input["enum"] ?? input["choices"];
    return [{
      name: input["name"],
      ty: typeof ty === "string" ? ty : "string",
      description: typeof input["description"] === "string" ? input["description"] : "",
      choices: Array.isArray(choices) ? choices.filter((choice): choice is string => typeof choice === "string") : [],
    }];
  });
}

/** A typed value, or the sentence why the text is none. */
export function readInput(ty: string, text: string): { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly problem: string } {
  switch (ty) {
    case "number":
    case "integer": {
      const value = Number(text.trim());
      const right = text.trim() !== "" && Number.isFinite(value) && (ty === "number" || Number.isInteger(value));
      return right ? { ok: true, value } : { ok: false, problem: ty === "integer" ? "A whole number is needed." : "A number is needed." };
    }
    case "boolean":
      return text === "true" || text === "false" ? { ok: true, value: text === "true" } : { ok: false, problem: "true or false is needed." };
    case "array":
    case "object": {
      try {
        const value = JSON.parse(text) as Json;
        const right = ty === "array" ? Array.isArray(value) : record(value) !== null;
        return right ? { ok: true, value } : { ok: false, problem: `A JSON ${ty} is needed.` };
      } catch {
        return { ok: false, problem: `A JSON ${ty} is needed, such as ${ty === "array" ? '["a", "b"]' : '{"a": 1}'}.` };
      }
    }
    default:
      return text === "" ? { ok: false, problem: "A text is needed." } : { ok: true, value: text };
  }
}

/** Asks for all of them; undefined when the form was left. */
export async function askInputs(title: string, needed: readonly InputNeeded[]): Promise<JsonObject | undefined> {
  const values: Record<string, Json> = {};
  const texts: string[] = [];
  for (let at = 0; at < needed.length; ) {
    const input = needed[at];
    if (input === undefined) break;
    const answer = await askOne(title, input, at, needed.length, texts[at] ?? "");
    if (answer === undefined) return undefined;
    if (answer === BACK) {
      at -= 1;
      continue;
    }
    texts[at] = answer;
    const read = readInput(input.ty, answer);
    if (read.ok) {
      values[input.name] = read.value;
      at += 1;
    }
  }
  return values;
}

const BACK = Symbol("back");

async function askOne(title: string, input: InputNeeded, at: number, total: number, before: string): Promise<string | typeof BACK | undefined> {
  const choices = input.choices.length > 0 ? input.choices : input.ty === "boolean" ? ["true", "false"] : [];
  if (choices.length > 0) return pick(title, input, at, total, choices);
  return new Promise((resolve) => {
    const box = vscode.window.createInputBox();
    box.title = title;
    box.step = at + 1;
    box.totalSteps = total;
    box.value = before;
    box.ignoreFocusOut = true;
    box.prompt = [`${input.name} (${input.ty})`, input.description].filter((part) => part !== "").join(": ");
    if (at > 0) box.buttons = [vscode.QuickInputButtons.Back];
    box.onDidTriggerButton(() => finish(BACK));
    box.onDidChangeValue(() => {
      box.validationMessage = undefined;
    });
    box.onDidAccept(() => {
      const read = readInput(input.ty, box.value);
      if (read.ok) finish(box.value);
      else box.validationMessage = read.problem;
    });
    box.onDidHide(() => finish(undefined));
    let done = false;
    function finish(value: string | typeof BACK | undefined): void {
      if (done) return;
      done = true;
      resolve(value);
      box.dispose();
    }
    box.show();
  });
}

async function pick(title: string, input: InputNeeded, at: number, total: number, choices: readonly string[]): Promise<string | undefined> {
  return vscode.window.showQuickPick([...choices], { title: `${title} (${at + 1}/${total})`, placeHolder: [input.name, input.description].filter((part) => part !== "").join(": "), ignoreFocusOut: true });
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}
