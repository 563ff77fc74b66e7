// Author text as elements. Builds virtual nodes, never HTML strings, so nothing an
// author or an agent writes can become a script, a remote image or a style.

import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";

const SAFE_LINK = /^(https?:\/\/|mailto:)/i;
const INLINE = /(`+)([\s\S]+?)\1|\*\*([^*\n]+?)\*\*|__([^_\n]+?)__|\*([^*\s][^*\n]*?)\*|(?<![A-Za-z0-9])_([^_\s][^_\n]*?)_(?![A-Za-z0-9])|!?\[([^\]\n]*)\]\(([^)\s]+)\)|(https?:\/\/[^\s<>)\]]+)/g;

/** Inline marks of one line or paragraph. */
export function inline(text: string): ComponentChildren[] {
  const out: ComponentChildren[] = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > at) out.push(text.slice(at, match.index));
    at = match.index + match[0].length;
    const [whole, , code, bold, bold2, italic, italic2, label, target, bare] = match;
    if (code !== undefined) out.push(<code>{code}</code>);
    else if (bold !== undefined || bold2 !== undefined) out.push(<strong>{inline(bold ?? bold2 ?? "")}</strong>);
    else if (italic !== undefined || italic2 !== undefined) out.push(<em>{inline(italic ?? italic2 ?? "")}</em>);
    else if (target !== undefined) out.push(link(target, label === "" || label === undefined ? target : label, whole));
    else if (bare !== undefined) out.push(link(bare, bare, whole));
  }
  if (at < text.length) out.push(text.slice(at));
  return out;
}

function link(target: string, label: string, whole: string): ComponentChildren {
  if (!SAFE_LINK.test(target) || whole.startsWith("!")) return whole;
  return <a href={target} rel="noreferrer noopener" target="_blank">{label}</a>;
}

/** Blocks of a text. */
export function blocks(text: string): JSX.Element[] {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const out: JSX.Element[] = [];
  let i = 0;
  while (i < lines.length) {
    const line = lines[i] ?? "";
    const fence = /^\s*(```+|~~~+)/.exec(line)?.[1];
    if (fence !== undefined) {
      const body: string[] = [];
      i += 1;
      while (i < lines.length && !(lines[i] ?? "").trimStart().startsWith(fence)) body.push(lines[i++] ?? "");
      i += 1;
      out.push(<pre><code>{body.join("\n")}</code></pre>);
      continue;
    }
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    if (heading !== null) {
      // One size for all: a question's own headings never compete with the card's.
      out.push(<p class="md-heading">{inline(heading[2] ?? "")}</p>);
      i += 1;
      continue;
    }
    if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) {
      out.push(<hr />);
      i += 1;
      continue;
    }
    if (/^\s*>/.test(line)) {
      const body: string[] = [];
      while (i < lines.length && /^\s*>/.test(lines[i] ?? "")) body.push((lines[i++] ?? "").replace(/^\s*>\s?/, ""));
      out.push(<blockquote>{blocks(body.join("\n"))}</blockquote>);
      continue;
    }
    if (LIST.test(line)) {
      const [list, next] = readList(lines, i);
      out.push(list);
      i = next;
      continue;
    }
    if (line.trim() === "") {
      i += 1;
      continue;
    }
    const body: string[] = [];
    while (i < lines.length && (lines[i] ?? "").trim() !== "" && !STARTS_BLOCK.test(lines[i] ?? "")) body.push(lines[i++] ?? "");
    if (body.length === 0) body.push(lines[i++] ?? "");
    out.push(<p>{inline(body.join("\n"))}</p>);
  }
  return out;
}

const LIST = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const STARTS_BLOCK = /^(\s*(```|~~~|>)|#{1,6}\s|\s*([-*+]|\d{1,9}[.)])\s)/;

function readList(lines: readonly string[], start: number): [JSX.Element, number] {
  const first = LIST.exec(lines[start] ?? "");
  const indent = first?.[1]?.length ?? 0;
  const ordered = /\d/.test(first?.[2] ?? "");
  const items: JSX.Element[] = [];
  let i = start;
  while (i < lines.length) {
    const match = LIST.exec(lines[i] ?? "");
    if (match === null || (match[1] ?? "").length < indent) break;
    if ((match[1] ?? "").length > indent) {
      const [inner, next] = readList(lines, i);
      items.push(<li class="md-nested">{inner}</li>);
      i = next;
      continue;
    }
    const body = [match[3] ?? ""];
    i += 1;
    while (i < lines.length && /^\s{2,}\S/.test(lines[i] ?? "") && !LIST.test(lines[i] ?? "")) body.push((lines[i++] ?? "").trim());
    items.push(<li>{inline(body.join("\n"))}</li>);
  }
  if (!ordered) return [<ul>{items}</ul>, i];
  return [<ol start={Number.parseInt(first?.[2] ?? "1", 10)}>{items}</ol>, i];
}

/** Longest text that is rendered before "show all" is pressed, in characters. */
export const TEXT_CAP = 4000;

/** An author's text, capped. */
export function Markdown({ text }: { readonly text: string }): JSX.Element {
  const [all, setAll] = useState(false);
  const shown = all || text.length <= TEXT_CAP ? text : text.slice(0, TEXT_CAP);
  return (
    <div class="markdown">
      {blocks(shown)}
      {shown.length < text.length && (
        <button type="button" class="link" onClick={() => setAll(true)}>
          Show all {text.length.toLocaleString("en")} characters
        </button>
      )}
    </div>
  );
}
