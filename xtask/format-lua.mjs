// Formats Lua as `editors/neovim/stylua.toml` says, with StyLua compiled to
// WebAssembly (the cache of test environments has it; no native build needed).
// usage: format-lua.mjs [--fix] FILE…    names the files that differ, or mends them
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';

const tools = path.join(process.env.FERMATA_TEST_CACHE, 'node/node_modules/x');
const { Config, IndentType, LuaVersion, OutputVerification, QuoteStyle, formatCode } = createRequire(tools)('@johnnymorganz/stylua');

const settings = fs.readFileSync(path.resolve(import.meta.dirname, '../editors/neovim/stylua.toml'), 'utf8');
const setting = (name) => new RegExp(`^${name}\\s*=\\s*"?([^"\\n]+)"?`, 'm').exec(settings)?.[1];

const style = () => {
  const config = Config.new();
  config.column_width = Number(setting('column_width') ?? 120);
  config.indent_width = Number(setting('indent_width') ?? 4);
  config.indent_type = IndentType[setting('indent_type') ?? 'Tabs'];
  config.quote_style = QuoteStyle[setting('quote_style') ?? 'AutoPreferDouble'];
  config.syntax = LuaVersion.LuaJIT;
  return config;
};

const words = process.argv.slice(2);
const fix = words[0] === '--fix';
let differing = 0;
for (const file of fix ? words.slice(1) : words) {
  const text = fs.readFileSync(file, 'utf8');
  // A configuration is used up by the call that takes it.
  const formatted = formatCode(text, style(), undefined, OutputVerification.Full);
  if (formatted === text) continue;
  differing += 1;
  console.log(`${fix ? 'formatted' : 'not formatted'}: ${file}`);
  if (fix) fs.writeFileSync(file, formatted);
}
process.exitCode = differing > 0 && !fix ? 1 : 0;
