// Whether a file is shown as a workflow (for the Run button only: the server
// decides for itself), and where a step stands in its text. Pure.

/** Modeline, place, or top-level keys. */
export function isWorkflowFile(file: string, text: string): boolean {
  if (/^\s*#\s*fermata:\s*(conductor|archon)\b/m.test(text.slice(0, 2000))) return true;
  if (/[\\/]\.archon[\\/]workflows[\\/]/.test(file)) return true;
  const keys = new Set(text.match(/^[A-Za-z_]+(?=\s*:)/gm) ?? []);
  if (keys.has("workflow") && (keys.has("agents") || keys.has("parallel") || keys.has("for_each"))) return true;
  return keys.has("nodes") && /^\s*-\s*(?:id\s*:|\{\s*id\s*:)/m.test(text);
}

/** The line (from 0) on which a step is defined, or null. */
export function lineOfStep(text: string, step: string): number | null {
  const name = step.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const defined = new RegExp(`^\\s*(?:-\\s*)?(?:\\{\\s*)?(?:name|id)\\s*:\\s*["']?${name}["']?\\s*(?:[,}#].*)?$`);
  const line = text.split(/\r?\n/).findIndex((each) => defined.test(each));
  return line < 0 ? null : line;
}
