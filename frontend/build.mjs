// Builds llmio/web/static/dist: hashed files, each with a .gz beside it, and manifest.json (plain name → hashed name).
// The same sources give the same bytes, so that CI can compare the committed folder with a fresh build (--check).
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync, watch as watchFiles } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import * as sass from "sass";

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = path.resolve(here, "../llmio/web/static/dist");
const limits = { css: 60 * 1024, js: 120 * 1024 };
const hash = (content) => createHash("sha256").update(content).digest("hex").slice(0, 10);

function icons() {
  const names = readFileSync(path.join(here, "icons.txt"), "utf8").split(/\s+/).filter(Boolean).sort();
  const symbol = (name, file) => {
    const svg = readFileSync(file, "utf8");
    const box = svg.match(/viewBox="([^"]+)"/)[1];
    const inner = svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>[\s\S]*$/, "").replace(/\s+/g, " ").trim();
    return `<symbol id="${name}" viewBox="${box}">${inner}</symbol>`;
  };
  const all = names.map((name) => symbol(name, path.join(here, `node_modules/bootstrap-icons/icons/${name}.svg`)));
  all.push(symbol("llmio", path.join(here, "icons/llmio.svg")));
  return `<svg xmlns="http://www.w3.org/2000/svg">${all.join("")}</svg>\n`;
}

function css() {
  const { css: text } = sass.compile(path.join(here, "sass/app.scss"), {
    style: "expanded",
    quietDeps: true,
    silenceDeprecations: ["import", "global-builtin", "color-functions", "if-function"],
  });
  return text;
}

// Turbo's progress bar writes a <style> when it is made, which the content security policy refuses (our sheet draws one).
const withoutTurboStyle = {
  name: "without-turbo-style",
  setup({ onLoad }) {
    onLoad({ filter: /@hotwired\/turbo\/dist\/turbo\.es2017-esm\.js$/ }, ({ path: file }) => {
      const source = readFileSync(file, "utf8");
      const call = "    this.installStylesheetElement();\n    this.setValue(0);";
      if (!source.includes(call)) throw new Error("Turbo changed: look again at how its progress bar styles itself");
      return { contents: source.replace(call, "    this.setValue(0);"), loader: "js" };
    });
  },
};

async function bundle(out) {
  const common = { bundle: true, minify: true, legalComments: "none", charset: "utf8", logLevel: "warning", absWorkingDir: here };
  const style = await esbuild.build({
    ...common,
    stdin: { contents: css(), loader: "css", resolveDir: path.join(here, "sass"), sourcefile: "app.css" },
    loader: { ".woff2": "file" },
    assetNames: "[name]-[hash]",
    outfile: path.join(out, "app.css"),
    target: ["chrome111", "firefox113", "safari16.4"],
    metafile: true,
  });
  const script = await esbuild.build({
    ...common,
    entryPoints: { app: "controllers/app.js" },
    format: "esm",
    splitting: true,
    plugins: [withoutTurboStyle],
    outdir: out,
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    target: ["es2022"],
    metafile: true,
  });
  return { style, script };
}

export async function build(out) {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const { script } = await bundle(out);
  const manifest = {};
  const rename = (name) => {
    const content = readFileSync(path.join(out, name));
    const ext = path.extname(name);
    const to = `${path.basename(name, ext)}-${hash(content)}${ext}`;
    rmSync(path.join(out, name));
    writeFileSync(path.join(out, to), content);
    manifest[name] = to;
  };
  rename("app.css");
  for (const [file, info] of Object.entries(script.metafile.outputs)) {
    if (info.entryPoint === "controllers/app.js") manifest["app.js"] = path.basename(file);
  }
  for (const [name, content] of [
    ["icons.svg", icons()],
    ["favicon.svg", readFileSync(path.join(here, "icons/favicon.svg"))],
  ]) {
    writeFileSync(path.join(out, name), content);
    rename(name);
  }
  for (const name of readdirSync(out)) {
    const font = name.match(/^(.+)-[0-9A-Z]{8}(\.woff2)$/);
    if (font) manifest[font[1] + font[2]] = name;
  }
  const sorted = Object.fromEntries(Object.entries(manifest).sort());
  writeFileSync(path.join(out, "manifest.json"), `${JSON.stringify(sorted, null, 2)}\n`);
  for (const name of readdirSync(out).sort()) {
    if (/\.(js|css|svg)$/.test(name)) {
      writeFileSync(path.join(out, `${name}.gz`), gzipSync(readFileSync(path.join(out, name)), { level: 9 }));
    }
  }
  return { manifest: sorted, sizes: sizes(out, sorted, script.metafile) };
}

// What a first page loads: the sheet, and the entry script with the chunks it needs at once.
function sizes(out, manifest, meta) {
  const gz = (name) => readFileSync(path.join(out, `${name}.gz`)).length;
  const wanted = new Set();
  const visit = (name) => {
    if (wanted.has(name)) return;
    wanted.add(name);
    const info = Object.entries(meta.outputs).find(([file]) => path.basename(file) === name)[1];
    info.imports.filter((one) => one.kind === "import-statement").forEach((one) => visit(path.basename(one.path)));
  };
  visit(manifest["app.js"]);
  return { css: gz(manifest["app.css"]), js: [...wanted].reduce((sum, name) => sum + gz(name), 0) };
}

function differences(a, b) {
  const names = new Set([...readdirSync(a), ...readdirSync(b)]);
  const read = (dir, name) => {
    try {
      return readFileSync(path.join(dir, name)).toString("base64");
    } catch {
      return null;
    }
  };
  // Compressed twins follow from the plain files; their bytes depend on the zlib at hand.
  return [...names].filter((name) => !name.endsWith(".gz") && read(a, name) !== read(b, name)).sort();
}

async function main() {
  if (process.argv.includes("--check")) {
    const fresh = mkdtempSync(path.join(tmpdir(), "llmio-assets-"));
    const { sizes: found } = await build(fresh);
    const stale = differences(dist, fresh);
    rmSync(fresh, { recursive: true });
    if (stale.length) throw new Error(`the committed assets are not what the sources give; run make assets: ${stale.join(", ")}`);
    return found;
  }
  const fresh = mkdtempSync(path.join(tmpdir(), "llmio-assets-"));
  const { manifest, sizes: found } = await build(fresh);
  put(fresh, manifest);
  return found;
}

// New files first, then the manifest that names them, then what nobody needs any more: a running server is never without.
function put(fresh, manifest) {
  mkdirSync(dist, { recursive: true });
  const names = readdirSync(fresh);
  for (const name of names.filter((one) => one !== "manifest.json")) copyFileSync(path.join(fresh, name), path.join(dist, name));
  writeFileSync(path.join(dist, "manifest.tmp"), `${JSON.stringify(manifest, null, 2)}\n`);
  renameSync(path.join(dist, "manifest.tmp"), path.join(dist, "manifest.json"));
  for (const name of readdirSync(dist)) if (!names.includes(name)) rmSync(path.join(dist, name));
  rmSync(fresh, { recursive: true });
}

if (process.argv.includes("--watch")) {
  const again = () => main().then(console.log, (error) => console.error(error.message));
  let timer;
  for (const dir of ["sass", "controllers", "editor", "icons.txt"]) {
    watchFiles(path.join(here, dir), { recursive: true }, () => {
      clearTimeout(timer);
      timer = setTimeout(again, 80);
    });
  }
  await again();
} else {
  const found = await main();
  for (const [kind, size] of Object.entries(found)) {
    console.log(`${kind}: ${(size / 1024).toFixed(1)} kB gzipped (limit ${limits[kind] / 1024})`);
    if (size > limits[kind]) throw new Error(`${kind} is over its limit`);
  }
}
