import { describe, expect, it } from "vitest";
import type { ExtensionContext } from "vscode";
import { extensions, workspace } from "./vscode";
import { registerYamlSchema } from "../src/yaml-schema";

type Contributor = readonly [scheme: string, request: (resource: string) => string | undefined, content: (uri: string) => string];

async function registered(api: unknown): Promise<Contributor[]> {
  const found: Contributor[] = [];
  const register = (...contributor: Contributor): boolean => found.push(contributor) > 0;
  extensions["getExtension"] = () => (api === undefined ? undefined : { activate: () => Promise.resolve(api === "real" ? { registerContributor: register } : api) });
  const open = (path: string, text: string) => ({ uri: `file://${path}`, fileName: path, getText: () => text });
  workspace["textDocuments"] = [open("/a/loop.yaml", "workflow:\n  name: a\nagents:\n  - name: b\n"), open("/a/.archon/workflows/b.yaml", ""), open("/a/compose.yaml", "services: {}\n")];
  workspace["fs"] = { readFile: (file: string) => Promise.resolve(new TextEncoder().encode(`schema of ${file}`)) };
  await registerYamlSchema({ extensionUri: "/ext" } as unknown as ExtensionContext);
  return found;
}

describe("the YAML extension", () => {
  it("gets the schema for workflows of both dialects, wherever they lie, and for no other file", async () => {
    const [contributor] = await registered("real");
    const [scheme, request, content] = contributor ?? [];
    expect(["/a/loop.yaml", "/a/.archon/workflows/b.yaml"].map((path) => request?.(`file://${path}`))).toEqual([`${scheme}://schema/workflow`, `${scheme}://schema/workflow`]);
    expect(["/a/compose.yaml", "/a/closed.yaml"].map((path) => request?.(`file://${path}`))).toEqual([undefined, undefined]);
    expect(content?.("")).toBe("schema of /ext/media/permissive.schema.json");
  });

  it("is left alone where it is not installed or is not what is known", async () => {
    expect(await registered(undefined)).toEqual([]);
    expect(await registered({})).toEqual([]);
    expect(await registered(null)).toEqual([]);
  });
});
