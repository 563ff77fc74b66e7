import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

const root = path.join(import.meta.dirname, "..");
const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string }[];
    readonly menus: Readonly<Record<string, readonly { readonly command: string; readonly when?: string }[]>>;
    readonly configuration: { readonly properties: Readonly<Record<string, { readonly scope?: string; readonly description?: string; readonly markdownDescription?: string }>> };
    readonly walkthroughs: readonly { readonly steps: readonly { readonly media: { readonly markdown: string } }[] }[];
  };
  readonly capabilities: { readonly untrustedWorkspaces: { readonly restrictedConfigurations: readonly string[] } };
};
const source = readdirSync(path.join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => readFileSync(path.join(root, "src", name), "utf8"))
  .join("\n");
const contributed = manifest.contributes.commands.map((each) => each.command);

describe("the manifest", () => {
  it("contributes exactly the commands that are registered, all of them fermata.ui.*", () => {
    const registered = [...source.matchAll(/^ {4}command\("(\w+)"/gm)].map((match) => `fermata.ui.${match[1]}`);
    expect([...registered].sort()).toEqual([...contributed].sort());
    expect(contributed.every((command) => command.startsWith("fermata.ui."))).toBe(true);
  });

  it("uses only contributed commands in its menus", () => {
    for (const entries of Object.values(manifest.contributes.menus)) for (const entry of entries) expect(contributed).toContain(entry.command);
  });

  it("sets every context key that a when-clause asks for", () => {
    const keys = new Set([...JSON.stringify(manifest.contributes).matchAll(/fermata\.(isWorkflow|gates|starts|live|running|failed|runs|health)(?= [>=]| &&|")/g)].map((match) => match[1]));
    keys.delete("runs");
    for (const key of ["isWorkflow", "gates", "starts", "live", "failed", "health"]) expect(keys).toContain(key);
    for (const key of ["isWorkflow", "health"]) expect(source).toContain(`"fermata.${key}"`);
    expect(source).toContain("`fermata.${name}`");
  });

  it("keeps what decides about programs out of the workspace's reach", () => {
    for (const name of ["fermata.server.path", "fermata.server.env", "fermata.on"]) {
      expect(manifest.contributes.configuration.properties[name]?.scope).toBe("machine");
      expect(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations).toContain(name);
    }
  });

  it("describes every setting", () => {
    for (const setting of Object.values(manifest.contributes.configuration.properties)) expect(setting.description ?? setting.markdownDescription ?? "").not.toBe("");
  });

  it("has the pages of its walkthrough", () => {
    for (const walkthrough of manifest.contributes.walkthroughs) for (const step of walkthrough.steps) expect(readFileSync(path.join(root, step.media.markdown), "utf8")).not.toBe("");
  });
});
