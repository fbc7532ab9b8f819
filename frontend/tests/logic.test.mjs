import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { build } from "esbuild";

// The controllers import Stimulus by name; bundled, their plain functions can be tried without a browser.
async function load(file) {
  const { outputFiles } = await build({ entryPoints: [new URL(`../controllers/${file}`, import.meta.url).pathname], bundle: true, format: "esm", write: false, external: ["@hotwired/turbo"], logLevel: "silent", plugins: [turbo] });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString("base64")}`);
}

const turbo = {
  name: "no-turbo",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@hotwired\/turbo$/ }, () => ({ path: "turbo", namespace: "none" }));
    onLoad({ filter: /.*/, namespace: "none" }, () => ({ contents: "export const renderStreamMessage = () => {};" }));
  },
};

test("what was read is told in ranges", async () => {
  const { ranges } = await load("reading.js");
  assert.equal(ranges(new Set([5, 3, 4, 9])), "3-5,9-9");
  assert.equal(ranges(new Set([10, 9, 100])), "9-10,100-100");
  assert.equal(ranges(new Set()), "");
});

test("a part follows its record and what belongs to it, and nothing else", async () => {
  const { concerns } = await load("refresh.js");
  const interests = [["discussion", "12"]];
  assert.equal(concerns({ comments: [{ id: 1, discussion_id: 12 }] }, interests), true);
  assert.equal(concerns({ discussions: [{ id: 12 }] }, interests), true);
  assert.equal(concerns({ comments: [{ id: 12, discussion_id: 1 }] }, interests), false);
  assert.equal(concerns({ discussions: [{ id: 121 }], parent_groups: null }, interests), false);
});

test("what a server would refuse for its size is not sent", async () => {
  const { refusal } = await load("upload.js");
  assert.equal(refusal(0, 100), "empty_file");
  assert.equal(refusal(1, 100), undefined);
  assert.equal(refusal(100, 100), undefined);
  assert.equal(refusal(101, 100), "over_limit");
  assert.equal(refusal(101, 0), undefined); // a page that does not say
});

test("each icon that is named exists, once", () => {
  const names = readFileSync(new URL("../icons.txt", import.meta.url), "utf8").split(/\s+/).filter(Boolean);
  assert.equal(new Set(names).size, names.length);
});

test("links that a redirect leads to a place in a page are the browser's own", async () => {
  const { leadsToPlace } = await load("anchored.js");
  for (const path of ["/d/Ab12Cd34/comment/7", "https://x.example/d/k/comment/7?utm_medium=email", "/notifications/12"]) assert.equal(leadsToPlace(path), true, path);
  for (const path of ["/d/Ab12Cd34/comments/7", "/d/Ab12Cd34/lunch", "/notifications", "/d/k/comment/7/edit", "/g/k"]) assert.equal(leadsToPlace(path), false, path);
});

test("the day of a task goes to Markdown and comes back", async () => {
  const { heard, withDay } = await load("../editor/tasks.js");
  const task = (text, attrs) => ({ type: "taskItem", attrs: { checked: false, ...attrs }, content: [{ type: "paragraph", content: [{ type: "text", text }] }] });
  assert.equal(withDay("- [ ] bake\n  - [ ] heat", { "data-due-on": "2030-03-29", "data-remind": "1" }), "- [ ] bake due:2030-03-29\n  - [ ] heat");
  assert.equal(withDay("- [x] bake", { "data-due-on": "2030-03-29", "data-remind": "3" }), "- [x] bake due:2030-03-29 remind:3");
  assert.equal(withDay("- [x] bake", { "data-due-on": null }), "- [x] bake");
  assert.deepEqual(heard(task("bake due:2030-03-29 remind:3")), task("bake", { "data-due-on": "2030-03-29", "data-remind": "3" }));
  assert.deepEqual(heard(task("bake due:2030-03-29")), task("bake", { "data-due-on": "2030-03-29", "data-remind": "1" }));
  assert.deepEqual(heard(task("bake overdue:2030-03-29")), task("bake overdue:2030-03-29"));
  assert.deepEqual(heard({ type: "taskItem", attrs: {}, content: [{ type: "paragraph" }] }), { type: "taskItem", attrs: {}, content: [{ type: "paragraph" }] });
});

test("what others write together with us loads nothing that would run", async () => {
  const { fetched } = await load("../editor/extensions.js");
  for (const good of ["https://www.youtube.com/embed/1", "http://x.org/a.mp4", "/files/1/a.mp4"]) assert.equal(fetched(good), good);
  for (const bad of ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "\u0001javascript:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "blob:https://x/1", "vbscript:x", "", null, undefined]) assert.equal(fetched(bad), null);
});
