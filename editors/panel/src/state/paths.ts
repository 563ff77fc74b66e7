// Step paths: `plan/each#2[a%2Fb]/reviewer#3` is sub-workflow, group in its second
// visit, item, step in its third visit. Names and keys escape `/ [ ] # %`. Pure
// text; nothing here knows a run.

/** One level of a path. `item` is a for_each key, `visit` counts from 1. */
export interface Segment {
  readonly name: string;
  readonly item: string | null;
  readonly visit: number;
}

/** The levels of a path, still escaped. */
export function splitPath(path: string): string[] {
  return path === "" ? [] : path.split("/");
}

function unescape(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** Reads one level. */
export function parseSegment(text: string): Segment {
  const match = /^([^[#]*)(?:#(\d+))?(?:\[([^\]#]*)(?:#\d+)?\])?$/s.exec(text);
  if (match === null) return { name: unescape(text), item: null, visit: 1 };
  return { name: unescape(match[1] ?? ""), item: match[3] === undefined ? null : unescape(match[3]), visit: match[2] === undefined ? 1 : Number(match[2]) };
}

/** The last level, or null for the run itself. */
export function lastSegment(path: string): Segment | null {
  const last = splitPath(path).at(-1);
  return last === undefined ? null : parseSegment(last);
}

/** What a path lies directly in: the group of an item, the group or workflow of a step. The run itself is its own parent. */
export function parentPath(path: string): string {
  if (path.endsWith("]")) {
    const open = path.lastIndexOf("[");
    if (open >= 0) return path.slice(0, open);
  }
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

/** Whether `path` is `prefix` or lies in it. */
export function isWithin(path: string, prefix: string): boolean {
  if (prefix === "" || path === prefix) return true;
  return path.startsWith(prefix) && (path[prefix.length] === "/" || path[prefix.length] === "[");
}

/** What lies in the brackets of a step's path: rounds, items, or the gate that a rework came after. Null where nobody knows the run. */
export type InnerWord = ((path: string) => "round" | "item" | "after") | null;

/** A path as people read it: `plan › each, item 3 › reviewer, round 2`. */
export function describePath(path: string, inner: InnerWord): string {
  let at = "";
  return splitPath(path).map((part) => {
    at = at === "" ? part : `${at}/${part}`;
    const segment = parseSegment(part);
    const visit = segment.visit > 1 ? `, round ${segment.visit}` : "";
    const word = inner === null ? "" : `, ${inner(parentPath(at))}`;
    return `${segment.name}${visit}${segment.item === null ? "" : `${word} ${segment.item}`}`;
  }).join(" › ");
}

/** The key of the innermost item that a path lies in; rounds are none. */
export function itemOf(path: string, inner: InnerWord): string | null {
  for (let at = path; at !== ""; at = parentPath(at)) {
    if (at.endsWith("]") && (inner?.(parentPath(at)) ?? "item") === "item") return lastSegment(at)?.item ?? null;
  }
  return null;
}

/** How many levels a path has: an item is one below its group. */
export function depthOf(path: string): number {
  let depth = 0;
  for (let at = path; at !== ""; at = parentPath(at)) depth += 1;
  return depth;
}

/** A name or key as part of a path. */
export function escapeSegment(name: string): string {
  return name.replace(/[/[\]#%]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}
