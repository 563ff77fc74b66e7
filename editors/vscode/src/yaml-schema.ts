// Red Hat's YAML extension, where it is installed: for a workflow it gets a
// schema that allows everything, so that neither a schema of the network nor a
// guess of its own says something about a file that Fermata checks. By place
// alone it could not be told which files those are.

import * as vscode from "vscode";
import { isWorkflowFile } from "./workflow-file";

const EXTENSION = "redhat.vscode-yaml";
/** Name of the contributor, and the scheme of its one schema. */
const SCHEME = "fermata";

/** What is used of that extension's interface. */
interface YamlExtension {
  registerContributor(schema: string, requestSchema: (resource: string) => string | undefined, requestSchemaContent: (uri: string) => string): boolean;
}

/** Registers the schema; nothing where the extension is not installed or has another interface. */
export async function registerYamlSchema(context: vscode.ExtensionContext): Promise<void> {
  const extension = vscode.extensions.getExtension<unknown>(EXTENSION);
  if (extension === undefined) return;
  const yaml = await extension.activate();
  if (!isYamlExtension(yaml)) return;
  const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(context.extensionUri, "media", "permissive.schema.json"));
  const schema = new TextDecoder().decode(bytes);
  yaml.registerContributor(SCHEME, (resource) => (isOpenWorkflow(resource) ? `${SCHEME}://schema/workflow` : undefined), () => schema);
}

function isOpenWorkflow(resource: string): boolean {
  const document = vscode.workspace.textDocuments.find((each) => each.uri.toString() === resource);
  return document !== undefined && isWorkflowFile(document.fileName, document.getText());
}

function isYamlExtension(value: unknown): value is YamlExtension {
  return typeof value === "object" && value !== null && "registerContributor" in value && typeof value.registerContributor === "function";
}
