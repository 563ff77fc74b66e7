import { afterEach, describe, expect, it } from "vitest";
import type { ActResult } from "../src/protocol/documents";
import type { Gate } from "../src/protocol/gates";
import { memoryWorld } from "../src/transport/memory";
import { LogWriter, RUN, START } from "./logs";
import { choose, click, mountPanel, sendButton, type, type Mounted } from "./panel";
import { choice, finished, humanGate, limitGate, nestedGates, permission, questions, type Scene, reworked, roundsGate } from "./scenes";

let panel: Mounted | null = null;

async function mount(scene: Scene): Promise<Mounted> {
  panel = await mountPanel(scene.world, scene.now, { run: scene.run });
  return panel;
}

afterEach(() => {
  panel?.unmount();
  panel = null;
});

/** Goes on writing a scene's log. */
function continued(scene: Scene): LogWriter {
  const log = new LogWriter(RUN, scene.now);
  log.events.push(...(scene.world.logs.get(RUN) ?? []));
  return log;
}

describe("the attention bar", () => {
  it("lists all of three nested gates with where they are", async () => {
    const p = await mount(nestedGates());
    expect(p.text(".attention-count")).toBe("3 decisions waiting - oldest 1 m");
    const items = [...p.root.querySelectorAll(".attention-item")].map((item) => item.textContent);
    expect(items).toEqual(["iteration limitdeep › plan › each, item alpha", "iteration limitdeep › plan › each, item beta", "iteration limitdeep › plan › each, item gamma"]);
  });

  it("says whose question a child's is, and counts it once where the child is looked at", async () => {
    const child = "01jhk3v9d2qf8m4t6x0zchildab1";
    const own: Omit<Gate, "gate"> = { kind: "approval", path: "ask", step: "ask", workflow: "kid", prompt: "Ship it?", answers: [{ answer: { kind: "approval", decision: "approve" }, label: "Approve" }] };
    const above = new LogWriter().begin("release").started("sub", "sub", "workflow");
    above.add("sub", { type: "child_started", step: "sub", attempt: 1, child });
    const standIn = { ...own, path: "sub", step: "sub", extra: { type: "child_workflow", child, child_gate: "g1", child_step: "ask" } };
    above.gate(standIn);
    const below = new LogWriter(child);
    below.add("", { type: "run_queued", workflow: "kid", file: "/repo/kid.yaml", dialect: "archon", scope: "/repo kid", inputs: {}, request: `${RUN}:sub`, parent: RUN, gates: "ask", cwd: "/repo", by: "run 0zabcdef", surface: "policy" });
    below.started("ask", "ask", "approval").gate(own);
    const world = memoryWorld();
    for (const log of [above, below]) world.logs.set(log.run, log.events);
    world.list = { runs: [{ run: RUN, workflow: "release", path: "/repo/release.yaml", status: "running", gates: [{ ...standIn, gate: "g1" }] }], starts: [] };
    const p = await mount({ world, run: RUN, now: START + 1000 });
    expect(p.text(".card-facts:nth-of-type(2)")).toBe("asked by ask of kid; the answers are about run childab1");
    expect(p.root.querySelector(".extras")).toBeNull();
    await click(p, [...p.root.querySelectorAll("button")].find((button) => button.textContent === "run childab1"));
    expect(p.text("h1")).toBe("kid");
    expect(p.text(".attention-count")).toContain("1 decision waiting");
    expect(p.text(".header-facts")).not.toContain("policy");
  });

  it("lets three nested gates be answered newest first, and none is lost", async () => {
    const scene = nestedGates();
    const p = await mount(scene);
    const log = continued(scene);
    for (const gate of ["g3", "g2", "g1"]) {
      const index = [...p.root.querySelectorAll(".attention-item")].length - 1;
      await click(p, p.root.querySelectorAll(".attention-item")[index]);
      await choose(p, "+1 round (2 steps)");
      await click(p, sendButton(p));
      expect(p.world.acts.at(-1)?.params).toEqual({ run: RUN, gate, answer: { kind: "iteration_limit", do: "continue", n: 2 } });
      const from = log.events.length;
      log.resolved(gate, 2, 14);
      p.transport.push(RUN, log.events.slice(from));
      await p.settle();
      expect(p.text(".card-closed h2")).toBe("Answered by noor in terminal");
    }
    expect(p.world.acts).toHaveLength(3);
    expect(p.root.querySelector(".attention")).toBeNull();
    expect(p.root.querySelectorAll(".audit li")).toHaveLength(3);
  });

  it("shows gates of other runs and opens them", async () => {
    const scene = finished();
    scene.world.list = { runs: [{ run: "other-run-id-00000001", workflow: "deploy", path: "/d.yaml", status: "waiting", gates: [{ gate: "g1", kind: "approval", step: "ok", path: "ok", workflow: "deploy", prompt: "Deploy?", answers: [] }] }], starts: [] };
    const p = await mount(scene);
    await click(p, p.root.querySelector(".attention-item"));
    expect(p.store.place.run).toBe("other-run-id-00000001");
  });
});

describe("the card of an iteration limit", () => {
  it("speaks from the counter's owner and shows cycle, verdicts and choices with consequences", async () => {
    const p = await mount(limitGate());
    expect(p.text("#card-title")).toBe("Workflow fix-issue used 21 of 21 steps; next: architect (10 runs so far)");
    expect(p.text(".cycle")).toBe("Repeats architect > reviewer ×10, 6.5 s a round");
    const rows = [...p.root.querySelectorAll(".evidence tbody tr")].map((row) => [...row.querySelectorAll("td")].map((cell) => cell.textContent));
    expect(rows.at(-1)?.slice(0, 3)).toEqual(["10", "88", "no"]);
    const labels = [...p.root.querySelectorAll(".option-label")].map((label) => label.textContent);
    expect(labels).toEqual(["+1 round (2 steps)", "+3 rounds (6 steps)", "Another number of steps", "Stop", "Abort"]);
    for (const consequence of p.root.querySelectorAll(".option-consequence")) expect(consequence.textContent).not.toBe("");
  });

  it("names the item whose counter is used up", async () => {
    const p = await mount(nestedGates());
    expect(p.text("#card-title")).toBe("Workflow looper item alpha used 12 of 12 steps; next: assess (3 runs so far)");
    expect(p.text(".evidence")).toContain("unchanged");
  });

  it("speaks of a loop's own rounds where those are counted, and says what ends it", async () => {
    const p = await mount(roundsGate());
    expect(p.text("#card-title")).toBe("Loop notes used 4 of 4 rounds");
    expect(p.text(".card")).toContain("It ends when the signal READY is given.");
    expect(p.text(".scope")).toBe("release-notes › notes");
    expect([...p.root.querySelectorAll(".option-label")].map((label) => label.textContent)).toEqual(["+1 round", "+3 rounds", "Another number of rounds", "Stop", "Abort"]);
    expect(p.text(".option-consequence")).toBe("goes on until round 5, about 1 s, $0.01; asks again there");
    const times = [...p.root.querySelectorAll(".evidence tbody tr")].map((row) => row.lastElementChild?.textContent);
    expect(times).toEqual(["1.2 s", "1.2 s", "1.2 s", "1.2 s"]);
  });

  it("refuses a number that cannot pass before it is sent, and says what it means when it can", async () => {
    const p = await mount(limitGate());
    await choose(p, "Another number of steps");
    await type(p, p.root.querySelector(".field input"), "0");
    expect(p.text(".field-problem")).toContain("At least 1");
    expect(sendButton(p).disabled).toBe(true);
    await type(p, p.root.querySelector(".field input"), "4");
    expect(p.text(".field-hint")).toContain("4 steps = 2 rounds, until step 25");
    await click(p, sendButton(p));
    expect(p.world.acts[0]?.params).toEqual({ run: RUN, gate: "g1", answer: { kind: "iteration_limit", do: "continue", n: 4 } });
  });

  it("sends stop and abort as the server offered them", async () => {
    const p = await mount(limitGate());
    await choose(p, "Abort");
    await click(p, sendButton(p));
    expect(p.world.acts[0]?.params).toEqual({ run: RUN, gate: "g1", answer: { kind: "iteration_limit", do: "abort" } });
  });
});

describe("the card of an approval", () => {
  it("shows what the work said that a rejection asked for", async () => {
    const p = await mount(reworked());
    expect(p.text(".extras")).toBe("After the rejectionA longer sentence.");
    expect([...p.root.querySelectorAll(".option-label")].map((label) => label.textContent)).toEqual(["Approve", "Reject"]);
    await choose(p, "Approve");
    expect(p.text(".field label")).toBe("Comment (optional)");
    await choose(p, "Reject");
    expect(p.text(".field label")).toBe("Comment");
  });
});

describe("a decision", () => {
  it("is not made by Enter in a text field, and is by Ctrl+Enter", async () => {
    const p = await mount(humanGate());
    await choose(p, "Back to the architect");
    const field = p.root.querySelector("textarea");
    await type(p, field, "Rename it first");
    field?.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    await p.settle();
    expect(p.world.acts).toEqual([]);
    field?.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, bubbles: true }));
    await p.settle();
    expect(p.world.acts[0]?.params).toEqual({ run: RUN, gate: "g1", answer: { kind: "human", value: "rework", input: { note: "Rename it first" } } });
  });

  it("keeps authored labels verbatim and in order", async () => {
    const p = await mount(humanGate());
    expect([...p.root.querySelectorAll(".option-label")].map((label) => label.textContent)).toEqual(["Ship it", "Back to the architect", "Not today"]);
  });

  it("gives the controls back when no answer comes in two seconds", async () => {
    const scene = limitGate();
    scene.world.onAct = () => new Promise<ActResult>(() => undefined);
    const p = await mount(scene);
    await choose(p, "Stop");
    await click(p, sendButton(p));
    expect(sendButton(p).textContent).toBe("Sending");
    expect(sendButton(p).disabled).toBe(true);
    p.transport.ping();
    await p.advance(2000);
    expect(sendButton(p).textContent).toBe("Send again");
    expect(sendButton(p).disabled).toBe(false);
  });

  it("tells a late answerer who was first, with the number that is needed", async () => {
    const scene = limitGate();
    scene.world.onAct = () => Promise.resolve({ ok: false, reason: "The gate is closed.", answered: { by: "noor", surface: "terminal", at: scene.now, answer: null }, needed: 3 });
    const p = await mount(scene);
    await choose(p, "Stop");
    await click(p, sendButton(p));
    expect(p.text(".refused")).toContain("The gate is closed. At least 3 steps are needed. Answered by noor in terminal");
  });

  it("replaces the card when somebody else answers", async () => {
    const scene = humanGate();
    const p = await mount(scene);
    const log = continued(scene);
    const from = log.events.length;
    log.answered("g1", { kind: "human", value: "ship" });
    p.transport.push(RUN, log.events.slice(from));
    await p.settle();
    expect(p.text(".card-closed h2")).toBe("Answered by noor in terminal");
    expect(p.text(".card-closed p")).toBe("chose “Ship it” at release_gate");
  });

  it("keeps selection and text across a reload, per gate", async () => {
    const scene = humanGate();
    const p = await mount(scene);
    await choose(p, "Back to the architect");
    await type(p, p.root.querySelector("textarea"), "Half a thou");
    p.unmount();
    const again = await mount(scene);
    expect(again.root.querySelector("textarea")?.value).toBe("Half a thou");
    expect(again.root.querySelector<HTMLInputElement>("input:checked")?.value).toBe("a1");
  });

  it("cannot be sent while the connection is lost, and says why", async () => {
    const p = await mount(limitGate());
    await choose(p, "Stop");
    await p.advance(3500);
    expect(p.text(".connection")).toMatch(/^Last seen \d\d:\d\d:\d\d, reconnecting$/);
    expect(sendButton(p).disabled).toBe(true);
    expect(p.text(".decision-why")).toContain("connection is lost");
    const timer = p.text(".timer");
    await p.advance(60_000);
    expect(p.text(".timer")).toBe(timer);
    p.transport.ping();
    await p.settle();
    expect(sendButton(p).disabled).toBe(false);
    expect(p.text(".connection")).toBe("live");
  });

  it("answers questions with texts by id and asks for what is required", async () => {
    const p = await mount(questions());
    await choose(p, "Submit");
    expect(sendButton(p).disabled).toBe(true);
    await click(p, p.root.querySelector(".question-choices button"));
    await click(p, sendButton(p));
    expect(p.world.acts[0]?.params).toEqual({ run: RUN, gate: "g1", answer: { kind: "questions", answers: { q1: "Postgres", q2: null }, do: "submit" } });
  });

  it("shows what a permission is about and sends the option", async () => {
    const p = await mount(permission());
    expect(p.text(".extras")).toContain("rm -rf build && make all");
    await choose(p, "Allow once");
    await click(p, sendButton(p));
    expect(p.world.acts[0]?.params).toEqual({ run: RUN, gate: "g1", answer: { kind: "permission", option: "allow_once" } });
  });

  it("moves the focus to the heading of a new gate once, and never while somebody types", async () => {
    const scene = nestedGates();
    const p = await mount(scene);
    expect(document.activeElement?.id).toBe("card-title");
    const search = p.root.querySelector<HTMLInputElement>("input[type=search]");
    search?.focus();
    p.store.go({ gate: "g2" });
    await p.settle();
    expect(document.activeElement).toBe(search);
  });

  it("cannot be dismissed, only collapsed to the bar", async () => {
    const p = await mount(limitGate());
    await click(p, p.root.querySelector("button[aria-label='Collapse to the bar']"));
    expect(p.root.querySelector(".card")).toBeNull();
    expect(p.root.querySelectorAll(".attention-item")).toHaveLength(1);
    await click(p, p.root.querySelector(".attention-item"));
    expect(p.root.querySelector(".card-iteration_limit")).not.toBeNull();
  });
});

describe("the card of a start request", () => {
  it("shows what the earlier run was about, both messages, and four answers", async () => {
    const p = await mount(choice());
    expect(p.text(".card-choice")).toContain("Fix the login page");
    expect(p.text(".card-choice")).toContain("5 of 9 steps");
    expect(p.text(".card-choice")).toContain("Add a dark theme");
    expect(p.text(".card-choice")).toContain("changed since that run");
    expect(p.root.querySelectorAll(".option")).toHaveLength(4);
    await choose(p, "Run fresh, keep it");
    await click(p, sendButton(p));
    expect(p.world.acts).toEqual([{ verb: "choose", params: { start: "s1", answer: "run_fresh" } }]);
  });

  it("says what resume means for each status of the earlier run", async () => {
    const { choiceWords } = await import("../src/views/choice-card");
    const scene = choice();
    const start = scene.world.list.starts[0];
    if (start === undefined) throw new Error("the scene has a start request");
    const label = (status: "running" | "waiting" | "failed"): string => choiceWords({ ...start, prior: { run: "r1", status } }, "resume").label.split(" ")[0] ?? "";
    expect([label("running"), label("waiting"), label("failed")]).toEqual(["Follow", "Answer", "Resume"]);
  });
});
