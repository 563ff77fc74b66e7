import path from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { vscode: path.join(import.meta.dirname, "test/vscode.ts") } },
  test: { environment: "node", include: ["test/**/*.test.ts"] },
});
