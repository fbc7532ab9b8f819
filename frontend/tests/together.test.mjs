import assert from "node:assert/strict";
import { test } from "node:test";
import { build } from "esbuild";
import { Schema } from "@tiptap/pm/model";
import { Transform } from "@tiptap/pm/transform";
import * as Y from "yjs";

// Bundled with the editor's own sources, but with the very Yjs that the tests use: two copies do not know each other's types.
const sources = ["together", "carry"].map((name) => `export * from "${new URL(`../editor/${name}.js`, import.meta.url).pathname}";`).join("");
const { outputFiles } = await build({ stdin: { contents: sources, resolveDir: new URL("..", import.meta.url).pathname }, bundle: true, format: "esm", platform: "node", write: false, packages: "external", logLevel: "silent" });
const { writeFileSync, rmSync } = await import("node:fs");
const file = new URL("../node_modules/.together.test.mjs", import.meta.url);
writeFileSync(file, outputFiles[0].text);
const { carry, clean, config, pour, print, seedOf, settle } = await import(file);
rmSync(file);

const schema = new Schema({ nodes: { doc: { content: "block+" }, image: { group: "block", atom: true }, paragraph: { content: "text*", group: "block" }, text: {} } });
const page = (text) => schema.node("doc", null, [schema.node("paragraph", null, text ? [schema.text(text)] : [])]);
const seed = (text, version = text, fresh = true) => seedOf(page(text), { version, fresh });
const words = (doc) => doc.getXmlFragment("default").toString().replaceAll(/<[^>]*>/g, "");
const type = (doc, text) => doc.getXmlFragment("default").get(0).get(0).insert(0, text);
const copy = (doc) => {
  const made = new Y.Doc();
  pour(doc, made);
  return made;
};

test("two who put the same text in have put it in once", () => {
  const one = seed("Saved.");
  pour(seed("Saved."), one);
  assert.equal(words(one), "Saved.");
  assert.equal(config(one).get("initialContentLoaded"), true);
  const other = seed("Another.");
  pour(seed("Saved."), other);
  assert.notEqual(words(other), "Another."); // the counterexample: two texts of different beginnings are not one
});

test("what is written on both sides of a break is brought together", () => {
  const server = copy(seed("Saved."));
  const local = copy(seed("Saved."));
  type(server, "There. ");
  type(local, "Here. ");
  assert.equal(settle(server, local, seed("Saved.")), null);
  assert.match(words(server), /^(There\. Here\. |Here\. There\. )Saved\.$/);
});

test("an empty server gets what this browser kept, else what the page says", () => {
  const local = copy(seed("Saved."));
  type(local, "Kept. ");
  const one = new Y.Doc();
  assert.equal(settle(one, local, seed("Saved.")), null);
  assert.equal(words(one), "Kept. Saved.");
  const other = new Y.Doc();
  assert.equal(settle(other, null, seed("Saved.")), null);
  assert.equal(words(other), "Saved.");
});

test("a text with another beginning is not mixed in, and given back where it holds what is not saved", () => {
  const server = copy(seed("Begun anew."));
  const changed = copy(seed("Old."));
  type(changed, "Mine. ");
  assert.equal(settle(server, changed, seed("Begun anew.")), changed);
  assert.equal(settle(server, copy(seed("Old.")), seed("Begun anew.")), null);
  assert.equal(words(server), "Begun anew.");
});

test("a text is clean until somebody writes, and again when it was sent", () => {
  const doc = copy(seed("Saved."));
  assert.equal(clean(doc), true);
  type(doc, "More. ");
  assert.equal(clean(doc), false);
  config(doc).set("submitted", print(doc));
  assert.equal(clean(doc), true);
  assert.equal(clean(copy(seed("Refused.", "v", false))), false);
});

test("no text and an empty paragraph are the same", () => {
  assert.equal(print(seed("")), "");
  assert.equal(print(new Y.Doc()), "");
  const doc = new Y.Doc();
  doc.getXmlFragment("default").insert(0, [new Y.XmlElement("paragraph")]);
  assert.equal(print(doc), "");
});

// What became of two copies of one text, and of a cursor (`|`) in the second.
const paragraphs = (text) => schema.node("doc", null, text.replace("|", "").split("/").map((one) => one === "#" ? schema.node("image") : schema.node("paragraph", null, one ? [schema.text(one)] : [])));
function carried(base, theirs, mine) {
  const tr = new Transform(paragraphs(theirs));
  const place = carry(tr, paragraphs(base), paragraphs(mine));
  const shown = new Transform(tr.doc);
  // A border between paragraphs is two positions wide: the first one is one in.
  if (mine.includes("|")) shown.insert(place([...mine.slice(0, mine.indexOf("|"))].reduce((sum, sign) => sum + (sign === "/" ? 2 : 1), 1)), schema.text("|"));
  shown.doc.check();
  return shown.doc.children.map((one) => (one.type.name === "image" ? "#" : one.textContent)).join("/");
}

test("what was typed before the text was joined is carried into it, with the cursor", () => {
  assert.equal(carried("", "", "Typed|"), "Typed|");
  assert.equal(carried("", "", "One/Two|"), "One/Two|");
  assert.equal(carried("Saved.", "Saved.", "Saved. Mo|re."), "Saved. Mo|re.");
  assert.equal(carried("Saved.", "Saved.", "New|"), "New|");
  assert.equal(carried("One/Two/Three", "One/Two/Three", "One/|Three"), "One/|Three");
});

test("what was typed goes to its place where others have written elsewhere", () => {
  assert.equal(carried("Saved.", "There. Saved.", "Saved. Here.|"), "There. Saved. Here.|");
  assert.equal(carried("Saved.", "Saved. There.", "Here.| Saved."), "Here.| Saved. There.");
  assert.equal(carried("Saved.", "Saved. There.", "Saved. Here.|"), "Saved. There. Here.|");
  assert.equal(carried("One/Two", "Zero/One/Two", "One/Two/Three|"), "Zero/One/Two/Three|");
  assert.equal(carried("One Two Three", "Zero Two Three", "One Two Th|"), "Zero Two Th|");
  assert.equal(carried("One/Two", "One", "One and a half|/Two"), "One and a half|");
});

test("what was typed comes last where its place is taken or gone", () => {
  assert.equal(carried("", "Begun elsewhere", "Typed|"), "Begun elsewhere/Typed|");
  assert.equal(carried("", "Begun/elsewhere", "One/Two|"), "Begun/elsewhere/One/Two|");
  assert.equal(carried("The oven is old.", "A fridge.", "The oven is very| old."), "A fridge./very| ");
});

test("a picture is carried like words", () => {
  assert.equal(carried("", "", "#/"), "#/");
  assert.equal(carried("", "", "#"), "#");
  assert.equal(carried("", "", "#/ Words"), "#/ Words");
  assert.equal(carried("", "", "Words/#/"), "Words/#/");
  assert.equal(carried("", "Begun", "#/ Words"), "Begun/#/ Words");
  assert.equal(carried("Saved.", "There. Saved.", "Saved./#/"), "There. Saved./#");
});

test("what both sides have comes once, and who typed nothing changes nothing", () => {
  assert.equal(carried("", "Typed", "Typed|"), "Typed|");
  assert.equal(carried("Saved.", "There. Saved.", "Saved.|"), "There. Saved.|");
  assert.equal(carried("Saved.", "Saved./", "Saved./"), "Saved./");
  assert.equal(carried("Saved.", "More. Saved.", "Saved./"), "More. Saved.");
});
