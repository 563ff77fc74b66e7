import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { RunEvent } from "../src/protocol/events";
import { memoryWorld } from "../src/transport/memory";
import { arbitraryLog } from "./arbitrary-log";
import { LogWriter, RUN, START } from "./logs";
import { click, mountPanel, type Mounted } from "./panel";
import { SCENES, failed, finished, limitGate, manyEvents, nestedGates, running, stoppedAtLimit, type Scene } from "./scenes";

let panel: Mounted | null = null;

async function mount(scene: Scene, place = {}): Promise<Mounted> {
  panel = await mountPanel(scene.world, scene.now, { run: scene.run, ...place });
  return panel;
}

afterEach(() => {
  panel?.unmount();
  panel = null;
});

/** The page without what differs by design: replay is read-only and has its own marks. */
function picture(p: Mounted): string {
  const copy = p.root.cloneNode(true) as HTMLElement;
  for (const element of copy.querySelectorAll(".replay, .connection, .actions, .timer, .unseen, .side, .attention")) element.remove();
  // The order in which attributes were set is no part of the page.
  for (const element of copy.querySelectorAll("*")) {
    const attributes = [...element.attributes].map(({ name, value }) => [name, value] as const).sort(([a], [b]) => a.localeCompare(b));
    for (const [name] of attributes) element.removeAttribute(name);
    for (const [name, value] of attributes) element.setAttribute(name, value);
  }
  return copy.innerHTML.replace(/\d+ events/g, "").replace(/name="[^"]*"/g, "");
}

describe("one picture for live, reload and replay", () => {
  it("is the same page live after n events, from a snapshot with its tail, and at replay position n", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryLog(), fc.nat(), async (log, cut) => {
        const n = Math.max(2, log.length - 3);
        const events = log.slice(0, n);
        const now = events.at(-1)?.at ?? START;
        const pictures: string[] = [];
        for (const way of ["live", "tail", "replay"] as const) {
          const world = memoryWorld();
          const first = way === "live" ? 1 : way === "tail" ? 1 + (cut % n) : log.length;
          world.logs.set(RUN, log.slice(0, first));
          const p = await mountPanel(world, now, { run: RUN, ...(way === "replay" && n < log.length ? { replay: n } : {}) });
          for (let at = first; at < n; at += 3) p.transport.push(RUN, log.slice(at, Math.min(n, at + 3)));
          await p.settle();
          // Which card is open is the reader's place, not the run's state: all three look at the same one.
          p.store.go({ gate: p.store.model?.openGates.at(0)?.gate.gate ?? null });
          await p.settle();
          pictures.push(picture(p));
          p.unmount();
        }
        expect(pictures[1]).toBe(pictures[0]);
        if (n < log.length) expect(pictures[2]).toBe(pictures[0]);
      }),
      // A page per step of shrinking would take minutes.
      { numRuns: 25, endOnFailure: true },
    );
  });

  it("is the same page after a reload of a run that ended", async () => {
    const scene = finished();
    const p = await mount(scene);
    const before = p.root.innerHTML;
    p.unmount();
    const again = await mount(finished());
    expect(again.root.innerHTML).toBe(before);
  });
});

describe("a run as it is shown", () => {
  it("asks for what is missing when a batch does not follow", async () => {
    const log = new LogWriter().begin().step("plan", "plan").step("patch", "patch").events;
    const world = memoryWorld();
    world.logs.set(RUN, log.slice(0, 4));
    const p = await mountPanel(world, START, { run: RUN });
    panel = p;
    world.logs.set(RUN, [...log.slice(0, 5)]);
    p.transport.push(RUN, log.slice(5));
    await p.settle();
    expect(p.store.live?.lastSeq).toBe(log.length);
  });

  it("prints steps against the limit of their own counter and never a fraction over one", async () => {
    const p = await mount(limitGate());
    expect(p.text(".header-facts")).toContain("21 steps run, limit 21");
    p.unmount();
    const nested = await mount(nestedGates());
    expect(nested.text(".header-facts")).toContain("0 steps run (18 with sub-workflows)");
  });

  it("says the states in words and by shape, not by colour alone", async () => {
    const p = await mount(running());
    const names = [...p.root.querySelectorAll("g[role=button]")].map((node) => node.getAttribute("aria-label"));
    expect(names).toContain("run_tests, script, running, 1.4 s");
    expect(names).toContain("architect, agent, done, round 2, 4.2 s");
    expect(names).toContain("publish, script, pending");
    const shapes = new Set(["running", "done", "pending"].map((state) => p.root.querySelector(`.node-${state} svg`)?.innerHTML));
    expect(shapes.size).toBe(3);
  });

  it("draws taken back edges in a lane with their count", async () => {
    const p = await mount(limitGate());
    const back = p.root.querySelectorAll(".edge.back.taken");
    expect(back).toHaveLength(1);
    expect([...p.root.querySelectorAll(".badge text")].map((badge) => badge.textContent)).toContain("×10");
  });

  it("leads with outcome, reason and the next action when it failed", async () => {
    const p = await mount(failed());
    expect(p.text(".card-end h2")).toBe("Run failed: step failed");
    expect(p.text(".card-end")).toContain("exit code 2");
    expect([...p.root.querySelectorAll(".actions button")].map((button) => button.textContent?.trim())).toEqual(["Resume", "Abandon", ""]);
    await click(p, p.root.querySelector(".actions button"));
    expect(p.world.acts).toEqual([{ verb: "resume", params: { run: RUN } }]);
  });

  it("does not paint the next step of a limit stop as failed", async () => {
    const p = await mount(stoppedAtLimit());
    expect(p.root.querySelector("[data-step=architect].node-failed")).toBeNull();
    expect(p.root.querySelector(".node-failed.end")).not.toBeNull();
    expect(p.text(".audit")).toContain("mia in panel stopped fix-issue");
  });

  it("asks before it aborts", async () => {
    const p = await mount(running());
    const abort = [...p.root.querySelectorAll(".actions button")].find((button) => button.textContent === "Abort");
    await click(p, abort);
    expect(p.world.acts).toEqual([]);
    await click(p, p.root.querySelector(".confirm .danger"));
    expect(p.world.acts).toEqual([{ verb: "stop", params: { run: RUN, abort: true } }]);
  });

  it("shows each round with its own values", async () => {
    const p = await mount(limitGate(), { selected: "reviewer#3" });
    expect(p.text(".rounds")).toBe("3 of 10");
    expect(p.text(".value pre")).toContain('"score": 83');
    await click(p, p.root.querySelector("button[aria-label='Earlier round']"));
    expect(p.text(".value pre")).toContain('"score": 82');
  });

  it("leads from a step to the run that does its work and back", async () => {
    const above = new LogWriter().begin("release").started("sub", "sub", "workflow");
    const child = "01jhk3v9d2qf8m4t6x0zchildab1";
    above.add("sub", { type: "child_started", step: "sub", attempt: 1, child });
    const below = new LogWriter(child);
    below.add("", { type: "run_queued", workflow: "kid", file: "/repo/kid.yaml", dialect: "archon", scope: "/repo kid", inputs: {}, request: `${RUN}:sub`, parent: RUN, gates: "ask", cwd: "/repo", by: "mia", surface: "vscode" });
    const world = memoryWorld();
    for (const log of [above, below]) world.logs.set(log.run, log.events);
    const p = await mount({ world, run: RUN, now: START + 1000 }, { selected: "sub" });
    const button = (words: string): HTMLButtonElement | undefined => [...p.root.querySelectorAll("button")].find((each) => each.textContent === words);
    await click(p, button("Show run childab1"));
    expect(p.text("h1")).toBe("kid");
    await click(p, button(`a step of run ${RUN.slice(-8)}`));
    expect(p.text("h1")).toBe("release");
  });

  it("keeps the page small however long the run is", async () => {
    const p = await mount(manyEvents());
    expect(p.store.live?.lastSeq).toBeGreaterThan(9_900);
    expect(p.root.querySelectorAll("*").length).toBeLessThan(1500);
  });

  it("replays an earlier moment read-only and comes back to live", async () => {
    const scene = finished();
    const log = scene.world.logs.get(RUN) ?? [];
    const gate = log.find((event: RunEvent) => event.type === "gate_opened")?.seq ?? 0;
    const p = await mount(scene, { replay: gate });
    expect(p.text(".status")).toContain("running");
    expect(p.root.querySelector<HTMLFieldSetElement>(".decision fieldset")?.disabled).toBe(true);
    await click(p, [...p.root.querySelectorAll(".replay button")].at(-1));
    expect(p.text(".status")).toContain("completed");
  });

  it("renders every scene with one h1 and named landmarks", async () => {
    for (const make of Object.values(SCENES)) {
      const p = await mount(make());
      expect(p.root.querySelectorAll("h1")).toHaveLength(1);
      expect(p.root.querySelector("main")).not.toBeNull();
      expect(p.root.querySelector("[style*='undefined']")).toBeNull();
      p.unmount();
    }
    panel = null;
  });

  it("has no script, image or foreign style from an author's text", async () => {
    const p = await mount(SCENES.longText());
    expect(p.root.querySelector("script, img, iframe, style")).toBeNull();
    expect(p.text(".markdown")).toContain("<script>alert(1)</script>");
    expect(p.text(".markdown .link")).toMatch(/^Show all [\d,]+ characters$/);
  });
});
