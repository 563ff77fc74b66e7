// Step paths: `plan/each[3]/reviewer#2` is sub-workflow, item, visit. Pure text;
// nothing here knows a run.

/** One level of a path. `item` is a for_each key, `visit` counts from 1. */
export interface Segment {
  readonly name: string;
  readonly item: string | null;
  readonly visit: number;
}

/** Splits at slashes outside of brackets: an item's key may hold a slash. */
export function splitPath(path: string): string[] {
  if (path === "") return [];
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < path.length; i += 1) {
    const c = path[i];
    if (c === "[") depth += 1;
    else if (c === "]") depth = Math.max(0, depth - 1);
    else if (c === "/" && depth === 0) {
      parts.push(path.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(path.slice(start));
  return parts;
}

/** Reads one level. */
export function parseSegment(text: string): Segment {
  const match = /^(.*?)(?:\[(.*)\])?(?:#(\d+))?$/s.exec(text);
  const visit = match?.[3] === undefined ? 1 : Number(match[3]);
  return { name: match?.[1] ?? text, item: match?.[2] ?? null, visit };
}

/** The last level, or null for the run itself. */
export function lastSegment(path: string): Segment | null {
  const parts = splitPath(path);
  const last = parts[parts.length - 1];
  return last === undefined ? null : parseSegment(last);
}

/** The path one level up; the run itself is its own parent. */
export function parentPath(path: string): string {
  return splitPath(path).slice(0, -1).join("/");
}

/** Whether `path` is `prefix` or lies below it. */
export function isWithin(path: string, prefix: string): boolean {
  return prefix === "" || path === prefix || path.startsWith(`${prefix}/`);
}

/** A path as people read it: `plan › each, item 3 › reviewer, round 2`. */
export function describePath(path: string): string {
  return splitPath(path)
    .map((part) => {
      const segment = parseSegment(part);
      const item = segment.item === null ? "" : `, item ${segment.item}`;
      const visit = segment.visit > 1 ? `, round ${segment.visit}` : "";
      return `${segment.name}${item}${visit}`;
    })
    .join(" › ");
}
