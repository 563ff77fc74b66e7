// The page of the panel's webview: a strict policy, one script, one style sheet.
// Pure text, so that the policy can be tested.

/** What the page is made of. */
export interface PageParts {
  readonly script: string;
  readonly style: string;
  /** Source that the webview's own files come from. */
  readonly source: string;
  readonly nonce: string;
  /** Run to open first; empty for what was shown before. */
  readonly run: string;
}

/** The page. */
export function panelPage(parts: PageParts): string {
  const policy = ["default-src 'none'", `script-src 'nonce-${parts.nonce}'`, `style-src ${parts.source}`, "img-src data:", `font-src ${parts.source}`, "base-uri 'none'", "form-action 'none'"].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${escape(policy)}">
<link rel="stylesheet" href="${escape(parts.style)}">
<title>Fermata</title>
</head>
<body>
<div id="fermata-panel" data-run="${escape(parts.run)}"></div>
<script nonce="${escape(parts.nonce)}" src="${escape(parts.script)}"></script>
</body>
</html>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
