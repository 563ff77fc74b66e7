// fermata.ui.answer: answers a gate by menu: which gate, which answer, and the
// number or text that comes with it. Questions are answered in the panel.

import * as vscode from "vscode";
import { assemble, choicesOf, fieldName, type Choice } from "../../../panel/src/state/answers";
import { countsRounds, type Gate } from "../../../panel/src/protocol/gates";
import { gateLabel, gatePlace, heldGates, shortRun, type HeldGate } from "../labels";
import { said, targetOf, type Parts } from "./parts";

/** Answers a gate. */
export async function answer(parts: Parts, argument: unknown): Promise<void> {
  const target = targetOf(argument);
  await parts.runs.refresh();
  const held = heldGates(parts.runs.document).filter((each) => (target.run === undefined || each.run.run === target.run) && (target.gate === undefined || each.gate.gate === target.gate));
  const picked = await pickGate(held);
  if (picked === undefined) return;
  const { run, gate } = picked;
  if (gate.kind === "questions") {
    parts.panel.show({ run: run.run, gate: gate.gate });
    return;
  }
  const choice = await pickChoice(gate);
  if (choice === undefined) return;
  const values = await askFields(gate, choice);
  if (values === undefined) return;
  const assembled = assemble(gate, choice, values);
  if (!assembled.ok) {
    void vscode.window.showWarningMessage(assembled.problem);
    return;
  }
  if (said(await parts.server.act("answer", { run: run.run, gate: gate.gate, answer: assembled.answer }), "The answer")) {
    void vscode.window.setStatusBarMessage(`Fermata: ${choice.label}`, 4000);
  }
}

async function pickGate(held: readonly HeldGate[]): Promise<HeldGate | undefined> {
  if (held.length === 0) {
    void vscode.window.showInformationMessage("No gate is waiting.");
    return undefined;
  }
  if (held.length === 1) return held[0];
  const picked = await vscode.window.showQuickPick(
    held.map((each) => ({ label: `$(bell-dot) ${gateLabel(each.gate)}`, description: `${gatePlace(each)} · ${shortRun(each.run.run)}`, detail: each.gate.prompt.split("\n", 1)[0] ?? "", held: each })),
    { title: "Which gate?", matchOnDescription: true, matchOnDetail: true },
  );
  return picked?.held;
}

async function pickChoice(gate: Gate): Promise<Choice | undefined> {
  const picked = await vscode.window.showQuickPick(
    choicesOf(gate, null).map((choice) => ({ label: choice.label, detail: choice.consequence ?? "", choice })),
    { title: gateLabel(gate), placeHolder: gate.prompt.split("\n", 1)[0] ?? "", ignoreFocusOut: true },
  );
  return picked?.choice;
}

async function askFields(gate: Gate, choice: Choice): Promise<Record<string, string> | undefined> {
  const values: Record<string, string> = {};
  for (const field of choice.spec.fields ?? []) {
    const text = await vscode.window.showInputBox({
      title: `${gateLabel(gate)}: ${choice.label}`,
      prompt: field.ty === "integer" ? `How many more ${countsRounds(gate) ? "rounds" : "steps"}? At least ${field.minimum ?? 1}.` : fieldName(field),
      ignoreFocusOut: true,
      validateInput: (value) => {
        if (field.ty !== "integer") return undefined;
        const tried = assemble(gate, choice, { ...values, [field.name]: value });
        return tried.ok || tried.field !== field.name ? undefined : tried.problem;
      },
    });
    if (text === undefined) return undefined;
    values[field.name] = text;
  }
  return values;
}
