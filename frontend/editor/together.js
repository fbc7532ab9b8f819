// Writing together: one Yjs document behind the editor, shared by the hocuspocus server and kept in this browser.
//
// Loaded when a page has an editor that others may be in. Whatever fails here (no server, no storage, no right), the editor
// goes on alone. In the document: fragment `default` is the text, map `config` says where it came from:
//   initialContentLoaded  somebody put the saved text in
//   seed                  which text that was: documents of one seed have one history and can be merged
//   basis                 the version of the saved text that this one goes on from
//   seeded, submitted     how the text looked when it was put in, and when a form was last sent
import { Extension } from "@tiptap/core";
import { Collaboration } from "@tiptap/extension-collaboration";
import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { prosemirrorToYXmlFragment, yCursorPlugin, yDocToProsemirrorJSON } from "@tiptap/y-tiptap";
import { IndexeddbPersistence } from "y-indexeddb";
import * as Y from "yjs";
import { TONES, toneOf } from "./company.js";

const SILENCE = 2000;
const FIELD = "default";
export const BLANK = new Set(["", "<paragraph></paragraph>"]);

let asked;
let socket;
let seats = 0;

// Where the server is, and who we are; asked once a page.
function session(url) {
  asked ??= fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" })
    .then((response) => (response.ok ? response.json() : Promise.reject(new Error(`${response.status}`))))
    .catch((error) => {
      asked = undefined;
      throw error;
    });
  return asked;
}

// One connection for all editors of a page.
function line(url) {
  socket ??= new HocuspocusProviderWebsocket({ url, delay: 500, minDelay: 300, maxDelay: 5000 });
  seats += 1;
  return socket;
}

function hangUp() {
  seats -= 1;
  if (seats) return;
  socket.destroy();
  socket = undefined;
  asked = undefined;
}

// A number of 31 bits that stands for a text (FNV-1a).
export function digest(text) {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 1) + 1;
}

const within = (milliseconds, promise, otherwise) => Promise.race([promise, new Promise((resolve) => setTimeout(resolve, milliseconds, otherwise))]);
export const config = (doc) => doc.getMap("config");
export const print = (doc) => {
  const text = doc.getXmlFragment(FIELD).toString();
  return BLANK.has(text) ? "" : digest(text).toString(36);
};
export const clean = (doc) => [config(doc).get("seeded"), config(doc).get("submitted")].includes(print(doc));
const begun = (doc) => config(doc).get("seed") !== undefined || print(doc) !== "";

// The saved text as a document. Who else puts the same text in makes the very same document, so that both are one when merged.
export function seedOf(content, { version, fresh }) {
  const doc = new Y.Doc();
  const seed = digest(`${version} ${fresh} ${JSON.stringify(content.toJSON())}`);
  doc.clientID = seed;
  doc.transact(() => {
    if (content.textContent || content.childCount > 1 || content.firstChild?.type.name !== "paragraph") prosemirrorToYXmlFragment(content, doc.getXmlFragment(FIELD));
    config(doc).set("initialContentLoaded", true);
    config(doc).set("seed", seed);
    config(doc).set("basis", version);
    if (fresh) config(doc).set("seeded", print(doc));
  });
  return doc;
}

export const pour = (from, into) => Y.applyUpdate(into, Y.encodeStateAsUpdate(from));

// Bring together what the server has, what this browser kept and what the page says; returns what could not be merged.
export function settle(remote, local, page) {
  const theirs = config(remote).get("seed");
  const ours = local && config(local).get("seed");
  if (!begun(remote)) pour(local && begun(local) ? local : page, remote);
  else if (ours !== undefined && ours === theirs) pour(local, remote);
  else if (local && begun(local) && print(local) && !clean(local)) return local;
  return null;
}

async function kept(name) {
  const doc = new Y.Doc();
  try {
    const store = new IndexeddbPersistence(name, doc);
    await within(1000, store.whenSynced);
    await within(1000, store.destroy());
  } catch {
    // No storage (a private window, say): nothing is kept here.
  }
  return begun(doc) ? doc : null;
}

export async function join(how) {
  const { url, token, id, name } = await session(how.session);
  const made = new Together({ ...how, token, person: { id, name } }, url);
  await made.begin();
  return made;
}

class Together {
  constructor(how, url) {
    Object.assign(this, how);
    this.local = `llmio.text.${this.person.id}.${this.document}`;
    this.own = this.document.includes("-new-");
    this.remote = new Y.Doc();
    this.doc = null;
    this.provider = new HocuspocusProvider({
      websocketProvider: line(url),
      name: this.document,
      document: this.remote,
      token: this.token,
      onAuthenticationFailed: () => this.refused(),
      onSynced: () => this.synced(),
      onStatus: ({ status }) => this.told(status),
      onAwarenessChange: () => this.doc && this.onPeople(this.others),
    });
    this.provider.setAwarenessField("user", { name: this.person.name, id: this.person.id, color: TONES[this.person.id % TONES.length] });
    this.first = new Promise((resolve) => (this.answered = resolve));
    this.provider.attach();
  }

  async begin() {
    const local = await kept(this.local);
    const answer = await within(SILENCE, this.first, "silent");
    if (answer === "refused") throw new Error("not allowed");
    if (answer === "synced") this.take(settle(this.remote, local, this.page));
    else {
      // Nobody answers: what was kept here, else the saved text, in a document of its own until the server is there.
      this.alone = new Y.Doc();
      pour(local ?? this.page, this.alone);
    }
    this.use(this.alone ?? this.remote);
  }

  use(doc) {
    this.doc = doc;
    try {
      this.store = new IndexeddbPersistence(this.local, doc);
      this.store._db.catch(() => {});
    } catch {
      this.store = null;
    }
  }

  // What could not be merged is no longer kept as a document; the editor shows it to its writer.
  take(left) {
    this.left = left && yDocToProsemirrorJSON(left, FIELD).content;
    if (left) indexedDB.deleteDatabase(this.local);
  }

  async synced() {
    this.answered("synced");
    // After a break others take us for gone until our state is newer than what they saw last.
    this.provider.awareness?.setLocalState(this.provider.awareness.getLocalState());
    if (!this.alone) return;
    const before = this.alone;
    this.alone = null;
    await this.store?.destroy();
    this.take(settle(this.remote, before, this.page));
    this.use(this.remote);
    this.onMove(this);
  }

  refused() {
    this.answered("refused");
    if (this.doc) this.onRefused();
  }

  told(status) {
    this.connected = status === "connected";
    if (this.doc) this.onLine(this.connected);
  }

  get others() {
    const states = [...(this.provider.awareness?.getStates() ?? [])];
    return states.filter(([client, state]) => client !== this.remote.clientID && state.user?.name).map(([, state]) => state.user);
  }

  // The saved text has moved on, and nobody has changed this one since it was put in or sent.
  get stale() {
    return !this.own && this.fresh && config(this.doc).get("basis") !== this.version && clean(this.doc) && !this.others.length;
  }

  // Whether the text is another than the page's.
  get differs() {
    return print(this.doc) !== print(this.page);
  }

  // Somebody wrote here, and it is not saved.
  get unsaved() {
    return this.differs && !clean(this.doc);
  }

  show(content) {
    this.doc.transact(() => {
      prosemirrorToYXmlFragment(content, this.doc.getXmlFragment(FIELD));
      config(this.doc).set("basis", this.version);
      config(this.doc).set("seeded", print(this.doc));
      config(this.doc).delete("submitted");
    });
  }

  submitted() {
    config(this.doc).set("submitted", print(this.doc));
  }

  // It is saved: nothing is kept here any more; a text that was one person's own is empty again.
  sent() {
    if (this.own) {
      this.doc.transact(() => {
        const fragment = this.doc.getXmlFragment(FIELD);
        fragment.delete(0, fragment.length);
        config(this.doc).set("seeded", "");
        config(this.doc).delete("submitted");
      });
    }
    this.forget();
  }

  async forget() {
    const { store } = this;
    this.store = null;
    await store?.clearData();
  }

  extensions() {
    const { awareness } = this.provider;
    const caret = Extension.create({
      name: "caret",
      priority: 999,
      addProseMirrorPlugins: () => [yCursorPlugin(awareness, { cursorBuilder: caretOf, selectionBuilder: (user) => ({ class: `caret-selection ${toneOf(user)}` }) })],
    });
    const shared = Collaboration.configure({ document: this.doc, field: FIELD });
    return this.doc === this.remote ? [shared, caret] : [shared];
  }

  leave() {
    this.provider.destroy();
    hangUp();
    this.store?.destroy();
  }
}

// The name is drawn by the sheet: as text it would be read out in the midst of a sentence.
function caretOf(user) {
  const caret = Object.assign(document.createElement("span"), { className: `caret ${toneOf(user)}` });
  caret.dataset.name = user.name;
  caret.setAttribute("aria-hidden", "true");
  return caret;
}
