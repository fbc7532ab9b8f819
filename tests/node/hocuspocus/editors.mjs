// Many editors in one text, all in this process: `node editors.mjs URL NAME TOKEN EDITORS SECONDS PAUSE` → JSON.
// Delay: from the moment a word is typed until it stands in the text of each other editor.
import { HocuspocusProvider } from "@hocuspocus/provider";
import WebSocket from "ws";
import * as Y from "yjs";

const [url, name, token, count, seconds, pause] = process.argv.slice(2);
const typed = new Map();
const delays = [];
const editors = [];
const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function until(condition, patience = 60_000) {
  for (const began = Date.now(); !condition(); await later(10)) if (Date.now() - began > patience) return false;
  return true;
}

for (let number = 0; number < Number(count); number++) {
  const doc = new Y.Doc();
  const provider = new HocuspocusProvider({ url, name, token, document: doc, WebSocketPolyfill: WebSocket });
  const text = doc.getText("t");
  text.observe(({ delta, transaction }) => {
    if (transaction.local) return;
    const now = performance.now();
    for (const { insert } of delta) for (const word of (insert ?? "").match(/\d+-\d+/g) ?? []) if (typed.has(word)) delays.push(now - typed.get(word));
  });
  editors.push({ doc, provider, text });
}
if (!(await until(() => editors.every(({ provider }) => provider.isAuthenticated && provider.synced && !provider.hasUnsyncedChanges)))) throw new Error("not all came in");
process.stdout.write("begin\n");

let words = 0;
const end = performance.now() + seconds * 1000;
await Promise.all(
  editors.map(async ({ text, provider }, number) => {
    await later((Number(pause) * number) / editors.length);
    for (let index = 0; performance.now() < end; index++, words++) {
      const word = `${number}-${index}`;
      typed.set(word, performance.now());
      text.insert(Math.random() < 0.5 ? 0 : text.length, `${word} `);
      provider.setAwarenessField("cursor", { anchor: index, head: index });
      await later(Number(pause));
    }
  }),
);
process.stdout.write("end\n");
await until(() => delays.length >= words * (editors.length - 1) && editors.every(({ provider }) => !provider.hasUnsyncedChanges), 20_000);
const texts = new Set(editors.map(({ text }) => text.toString()));
const [whole] = texts;
const lost = [...typed.keys()].filter((word) => !new RegExp(`(^|\\D)${word} `).test(whole)).length;
delays.sort((one, other) => one - other);
const at = (share) => Math.round(delays[Math.floor(delays.length * share)] * 10) / 10;
const unacknowledged = editors.reduce((sum, { provider }) => sum + provider.unsyncedChanges, 0);
process.stdout.write(`${JSON.stringify({ words, median: at(0.5), p95: at(0.95), lost, texts: texts.size, unacknowledged })}\n`);
process.exit(0);
