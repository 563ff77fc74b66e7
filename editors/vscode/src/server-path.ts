// Where the server's binary is: setting, bundled, PATH, in this order. Knows no
// VS Code, so that every case can be tested.

import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";

/** What is looked at. */
export interface Places {
  /** The setting `fermata.server.path`; empty when unset. */
  readonly setting: string;
  /** Folder of the extension. */
  readonly extension: string;
  /** The variable `PATH`. */
  readonly path: string;
  readonly home: string;
  readonly platform: NodeJS.Platform;
}

/** A binary and why it was taken, or the sentence that says why there is none. */
export type Found =
  | { readonly ok: true; readonly command: string; readonly from: "setting" | "bundled" | "path" }
  | { readonly ok: false; readonly message: string };

/** Finds the server. A setting that names nothing is an error, not a reason to take another binary. */
export function findServer(places: Places, runnable: (file: string) => boolean = isRunnable): Found {
  const name = places.platform === "win32" ? "fermata.exe" : "fermata";
  const setting = places.setting.trim();
  if (setting !== "") {
    const command = setting.startsWith("~/") ? path.join(places.home, setting.slice(2)) : setting;
    if (!path.isAbsolute(command)) return { ok: false, message: `The setting fermata.server.path must be an absolute path; it is “${setting}”.` };
    if (runnable(command)) return { ok: true, command, from: "setting" };
    return { ok: false, message: `The setting fermata.server.path names “${command}”, which is not a program that can be run.` };
  }
  const bundled = path.join(places.extension, "bin", name);
  if (runnable(bundled)) return { ok: true, command: bundled, from: "bundled" };
  for (const folder of places.path.split(places.platform === "win32" ? ";" : ":")) {
    // A relative entry would find a program of the workspace.
    if (folder === "" || !path.isAbsolute(folder)) continue;
    const command = path.join(folder, name);
    if (runnable(command)) return { ok: true, command, from: "path" };
  }
  return { ok: false, message: "Fermata's server was not found: it is not in the extension and not on PATH. Install it, or set fermata.server.path." };
}

function isRunnable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
