// Asking for the inputs that a workflow declares, one after the other, with a
// step back.

import * as vscode from "vscode";
import type { InputNeeded } from "../../panel/src/protocol/documents";
import type { Json, JsonObject } from "../../panel/src/protocol/gates";
import { asObject } from "../../panel/src/state/model";

/** A typed value, or the sentence why the text is none. */
export function readInput(type: string, text: string): { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly problem: string } {
  switch (type) {
    case "number":
    case "integer": {
      const value = Number(text.trim());
      const right = text.trim() !== "" && Number.isFinite(value) && (type === "number" || Number.isInteger(value));
      return right ? { ok: true, value } : { ok: false, problem: type === "integer" ? "A whole number is needed." : "A number is needed." };
    }
    case "boolean":
      return text === "true" || text === "false" ? { ok: true, value: text === "true" } : { ok: false, problem: "true or false is needed." };
    case "array":
    case "object": {
      try {
        const value = JSON.parse(text) as Json;
        const right = type === "array" ? Array.isArray(value) : asObject(value) !== null;
        return right ? { ok: true, value } : { ok: false, problem: `A JSON ${type} is needed.` };
      } catch {
        return { ok: false, problem: `A JSON ${type} is needed, such as ${type === "array" ? '["a", "b"]' : '{"a": 1}'}.` };
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
    const read = readInput(input.type, answer);
    if (read.ok) {
      values[input.name] = read.value;
      at += 1;
    }
  }
  return values;
}

const BACK = Symbol("back");

async function askOne(title: string, input: InputNeeded, at: number, total: number, before: string): Promise<string | typeof BACK | undefined> {
  if (input.type === "boolean") return vscode.window.showQuickPick(["true", "false"], { title: `${title} (${at + 1}/${total})`, placeHolder: described(input.name, input), ignoreFocusOut: true });
  return new Promise((resolve) => {
    const box = vscode.window.createInputBox();
    box.title = title;
    box.step = at + 1;
    box.totalSteps = total;
    box.value = before;
    box.ignoreFocusOut = true;
    box.prompt = described(`${input.name} (${input.type})`, input);
    if (at > 0) box.buttons = [vscode.QuickInputButtons.Back];
    box.onDidTriggerButton(() => finish(BACK));
    box.onDidChangeValue(() => {
      box.validationMessage = undefined;
    });
    box.onDidAccept(() => {
      const read = readInput(input.type, box.value);
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

function described(name: string, input: InputNeeded): string {
  return input.description === undefined || input.description === null || input.description === "" ? name : `${name}: ${input.description}`;
}
