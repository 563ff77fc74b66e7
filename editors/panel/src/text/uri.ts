// Paths as file URIs. Pure.

/** An absolute path as a file URI; what is a URI already stays as it is. */
export function fileUri(path: string): string {
  if (/^[a-z][a-z0-9+.-]+:/i.test(path)) return path;
  const slashed = path.replaceAll("\\", "/");
  return `file://${slashed.startsWith("/") ? "" : "/"}${slashed.split("/").map(encodeURIComponent).join("/").replace(/^([A-Za-z])%3A/, "$1:")}`;
}
