import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { render } from "preact";
import { layout, backEdges } from "../src/graph/layout";
import { camera, MIN_SCALE } from "../src/graph/graph";
import type { GraphEdgeView, GraphNodeView } from "../src/state/nodes";
import { describePath, escapeSegment, isWithin, itemOf, parentPath, parseSegment } from "../src/state/paths";
import { placeToQuery, queryToPlace, readKept } from "../src/state/place";
import { age, duration, middle } from "../src/text/format";
import { blocks } from "../src/text/markdown";
import { fileUri } from "../src/text/uri";

const node = (id: string): GraphNodeView => ({ id, kind: "agent", label: id, line: null, state: "pending", runs: 0, elapsed: null, running: false, startedAt: null, inner: null, frame: null });
const edge = (from: string, to: string, back = false): GraphEdgeView => ({ from, to, back, label: null, taken: 0 });

describe("paths", () => {
  it("come apart the way the engine puts them together", () => {
    expect(parentPath("plan/each#2[a%2Fb]/reviewer#3")).toBe("plan/each#2[a%2Fb]");
    expect(parentPath("plan/each#2[a%2Fb]")).toBe("plan/each#2");
    expect(parentPath("plan")).toBe("");
    expect(parseSegment("each#2[a%2Fb]")).toEqual({ name: "each", item: "a/b", visit: 2 });
    expect(parseSegment("each[a#2]")).toEqual({ name: "each", item: "a", visit: 1 });
  });

  it("say items of groups and rounds of loops", () => {
    const inner = (path: string): "round" | "item" | "after" => (path === "review" ? "after" : path === "again" || path === "each[x]/again" ? "round" : "item");
    expect(describePath("plan/each#2[a%2Fb]/reviewer#3", inner)).toBe("plan › each, round 2, item a/b › reviewer, round 3");
    expect(describePath("again[5]/ask", inner)).toBe("again, round 5 › ask");
    expect(describePath("each[x]/again[2]", inner)).toBe("each, item x › again, round 2");
    expect(describePath("again[5]", null)).toBe("again 5");
    expect(describePath("review[g1]/on_reject", inner)).toBe("review, after g1 › on_reject");
    expect(itemOf("plan/each[x]/each[y]", inner)).toBe("y");
    expect(itemOf("each[x]/again[2]", inner)).toBe("x");
    expect(itemOf("again[2]", inner)).toBeNull();
  });

  it("keep any name through escaping", () => {
    fc.assert(fc.property(fc.string(), (name) => {
      expect(parseSegment(escapeSegment(name)).name).toBe(name);
    }));
  });

  it("are not within a path that they only begin like", () => {
    expect(isWithin("plan/x", "plan")).toBe(true);
    expect(isWithin("plan[x]", "plan")).toBe(true);
    expect(isWithin("planner", "plan")).toBe(false);
    expect(isWithin("plan#2", "plan")).toBe(false);
  });
});

describe("the layout", () => {
  it("leaves no cycle among forward edges", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 24 }), (pairs) => {
        const nodes = Array.from({ length: 8 }, (_, i) => node(`n${i}`));
        const edges = pairs.map(([a, b]) => edge(`n${a}`, `n${b}`));
        const back = backEdges(nodes, edges);
        const left = new Set(nodes.map((each) => each.id));
        const forward = edges.filter((each) => !back.has(each));
        for (let removed = true; removed; ) {
          removed = false;
          for (const id of left) {
            if (forward.some((each) => each.to === id && left.has(each.from))) continue;
            left.delete(id);
            removed = true;
          }
        }
        expect(left.size).toBe(0);
      }),
    );
  });

  it("puts back edges to different targets into lanes of their own, right of the nodes", () => {
    const nodes = ["a", "b", "c", "d"].map(node);
    const placed = layout(nodes, [edge("a", "b"), edge("b", "c"), edge("c", "d"), edge("d", "a", true), edge("c", "b", true)]);
    const lanes = placed.edges.filter((each) => each.back).map((each) => each.badge.x);
    expect(new Set(lanes).size).toBe(2);
    const right = Math.max(...placed.nodes.map((each) => each.x + each.width / 2));
    for (const lane of lanes) expect(lane).toBeGreaterThan(right);
  });

  it("shares one lane among back edges to one target", () => {
    const nodes = ["a", "b", "c"].map(node);
    const placed = layout(nodes, [edge("a", "b"), edge("b", "c"), edge("c", "a", true), edge("b", "a", true)]);
    expect(new Set(placed.edges.filter((each) => each.back).map((each) => each.badge.x)).size).toBe(1);
  });

  it("never shows a label smaller than 11 px and keeps the focus in view", () => {
    const nodes = Array.from({ length: 30 }, (_, i) => node(`n${i}`));
    const placed = layout(nodes, nodes.slice(1).map((each, i) => edge(`n${i}`, each.id)));
    const focus = placed.nodes[20] ?? null;
    const at = camera(placed, focus, 400, 300);
    expect(at.k * 12).toBeGreaterThanOrEqual(11);
    expect(at.k).toBe(MIN_SCALE);
    const y = (focus?.y ?? 0) * at.k + at.y;
    expect(y).toBeGreaterThan(0);
    expect(y).toBeLessThan(300);
  });
});

describe("texts", () => {
  it("are shortened in the middle, so that both ends tell", () => {
    expect(middle("verify_migrations_on_sqlite", 15)).toBe("verify_…_sqlite");
    fc.assert(fc.property(fc.string(), fc.integer({ min: 4, max: 40 }), (text, max) => {
      expect([...middle(text, max)].length).toBeLessThanOrEqual(max);
    }));
  });

  it("say durations in the unit that fits", () => {
    expect([850, 1500, 12_000, 245_000, 7_800_000].map(duration)).toEqual(["850 ms", "1.5 s", "12 s", "4 m 05 s", "2 h 10 m"]);
    expect([5000, 245_000, 3 * 86_400_000].map(age)).toEqual(["5 s", "4 m", "3 d"]);
  });

  it("of authors never become links to anything but the web and mail", () => {
    const root = document.createElement("div");
    render(blocks("[a](javascript:alert(1)) [b](https://example.org) [c](vscode://x) ![d](https://example.org/x.png) <img src=x onerror=alert(1)>"), root);
    expect([...root.querySelectorAll("a")].map((a) => a.getAttribute("href"))).toEqual(["https://example.org"]);
    expect(root.querySelector("img, script")).toBeNull();
  });

  it("of authors keep their words whatever marks they hold", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("*", "_", "`", "#", "-", "\n", " ", "a", "B", "1.", "> ", "[", "]", "(x)", "```", "<b>")), (parts) => {
        const root = document.createElement("div");
        render(blocks(parts.join("")), root);
        const letters = (text: string): string => text.replace(/[^aB]/g, "");
        // The words after a fence name its language, and are not part of the text.
        if (!parts.includes("```")) expect(letters(root.textContent ?? "")).toBe(letters(parts.join("").replace(/<b>/g, "")));
      }),
    );
  });

  it("name files as URIs", () => {
    expect(fileUri("/home/a b/c#d.yaml")).toBe("file:///home/a%20b/c%23d.yaml");
    expect(fileUri("C:\\work\\a.yaml")).toBe("file:///C:/work/a.yaml");
  });
});

describe("the place", () => {
  it("comes back from an address", () => {
    const place = { ...readKept(null).place, run: "r", frame: "plan/each[a b]", selected: "x#2", gate: "g1", view: "outline" as const, replay: 7 };
    expect(queryToPlace(`?${placeToQuery(place)}`)).toEqual({ run: "r", frame: "plan/each[a b]", selected: "x#2", gate: "g1", view: "outline", replay: 7 });
  });

  it("is read from anything without an error", () => {
    fc.assert(fc.property(fc.anything(), (value) => {
      expect(readKept(value).place.view).toBe("auto");
    }));
    expect(readKept({ place: { replay: -1, view: "x" }, drafts: { g: { choice: 3, values: { a: "b", c: 4 } } } }).drafts).toEqual({ g: { choice: null, values: { a: "b" } } });
  });
});
