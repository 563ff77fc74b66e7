import { describe, expect, it } from "vitest";
import { findServer, type Places } from "../src/server-path";

const PLACES: Places = { setting: "", extension: "/ext", path: "/usr/bin:/opt/bin", home: "/home/mia", platform: "linux" };

function find(places: Partial<Places>, ...files: string[]) {
  return findServer({ ...PLACES, ...places }, (file) => files.includes(file));
}

describe("the server", () => {
  it("is the one of the setting, before the bundled one and the one on PATH", () => {
    expect(find({ setting: "/my/fermata" }, "/my/fermata", "/ext/bin/fermata", "/usr/bin/fermata")).toEqual({ ok: true, command: "/my/fermata", from: "setting" });
    expect(find({}, "/ext/bin/fermata", "/usr/bin/fermata")).toEqual({ ok: true, command: "/ext/bin/fermata", from: "bundled" });
    expect(find({}, "/opt/bin/fermata")).toEqual({ ok: true, command: "/opt/bin/fermata", from: "path" });
  });

  it("of a setting that names nothing is an error, never another binary", () => {
    const found = find({ setting: "/my/fermata" }, "/ext/bin/fermata");
    expect(found).toEqual({ ok: false, message: expect.stringContaining("/my/fermata") });
  });

  it("is never looked for relative to the workspace", () => {
    expect(find({ path: ".:bin:" }, "./fermata", "bin/fermata", "fermata").ok).toBe(false);
    expect(find({ setting: "bin/fermata" }, "bin/fermata")).toEqual({ ok: false, message: expect.stringContaining("absolute") });
  });

  it("may be named below the home folder", () => {
    expect(find({ setting: "~/bin/fermata" }, "/home/mia/bin/fermata")).toMatchObject({ ok: true, command: "/home/mia/bin/fermata" });
  });

  it("that is nowhere leads to a sentence that says what to do", () => {
    expect(find({})).toEqual({ ok: false, message: expect.stringContaining("fermata.server.path") });
  });
});
