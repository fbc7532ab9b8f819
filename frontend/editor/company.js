// What an editor does about the others who write in the same text: joins them, shows who is there, says what became of it.
import { word } from "../controllers/words.js";

export class Company {
  constructor(host) {
    this.host = host;
    this.people = Object.assign(document.createElement("div"), { className: "editor-people", hidden: true });
    this.people.setAttribute("role", "status");
    this.line = Object.assign(document.createElement("div"), { className: "editor-note" });
    this.line.setAttribute("role", "status");
    host.note.after(this.people, this.line);
  }

  get others() {
    return this.shared?.others ?? [];
  }

  // At most two seconds in which the text is the page's; then it is everyone's, or, where nobody answers, one's own.
  // What is typed in that time is carried over.
  async join() {
    const { host } = this;
    if (this.joining || this.shared) return;
    const alone = host.editor;
    this.start = alone.state.doc;
    this.content = host.restored ? host.parse(host.before) : this.start;
    const { togetherValue, togetherSessionValue, togetherVersionValue, togetherFreshValue } = host.controller;
    this.joining = true;
    try {
      const { join, seedOf } = await import("./together.js");
      if (this.gone) return;
      const shared = await join({
        session: togetherSessionValue,
        document: togetherValue,
        version: togetherVersionValue,
        fresh: togetherFreshValue && !host.restored,
        page: seedOf(this.start, { version: togetherVersionValue, fresh: togetherFreshValue && !host.restored }),
        onPeople: (people) => this.showPeople(people),
        onLine: (connected) => this.showLine(connected),
        onRefused: () => this.refused(),
        onMove: () => this.enter(),
      });
      if (this.gone || host.markdown) shared.leave();
      else {
        this.shared = shared;
        await this.catchUp();
        await this.composed();
        if (this.shared === shared && !this.entered) this.enter();
      }
    } catch (error) {
      console.info("Writing alone:", error);
      this.part();
      if (!this.gone && host.editor !== alone) host.remake(); // from what the form holds
    } finally {
      this.joining = false;
      if (!this.gone) host.show();
    }
  }

  // Letters that are being put together (Chinese, say, or an accent) are not torn apart.
  async composed() {
    const { view } = this.host.editor;
    while (!view.isDestroyed && view.composing) await new Promise((resolve) => view.dom.addEventListener("compositionend", () => setTimeout(resolve, 50), { once: true }));
  }

  // What the page's text was before anything was written in it; a draft that was put back counts as written, unless the shared
  // text began with it.
  before(text) {
    const began = this.start.content.findDiffStart(this.start.type.schema.nodeFromJSON(text.toJSON()).content) === null;
    return began ? this.start : this.content;
  }

  // The saved text has moved on, by a way that led past this document: it is shown, unless the page itself is old by now.
  async catchUp() {
    const { shared } = this;
    if (!shared.stale) return;
    const response = await fetch(`/collab/version?document=${encodeURIComponent(shared.document)}`, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    const { version } = response.ok ? await response.json() : {};
    if (version === shared.version && shared.stale) shared.show(this.content);
  }

  // The editor anew, over the shared document.
  enter() {
    const { host, shared } = this;
    const unsaved = shared.unsaved || host.restored;
    host.remake(this.entered ? undefined : (text) => this.before(text));
    this.entered = true;
    if (shared.differs) host.changed();
    if (shared.left) this.tell("left_over", "add_left_over", () => this.addLeftOver());
    else if (unsaved && shared.unsaved && !shared.others.length) this.tell(...(shared.own ? ["draft_restored", "discard_draft"] : ["unsaved_changes", "show_saved"]), () => this.showSaved());
    else if (shared.differs) host.note.replaceChildren();
    this.showPeople(shared.others);
    this.showLine(shared.connected);
  }

  extensions() {
    return this.shared?.extensions() ?? [];
  }

  showSaved() {
    const { host, shared } = this;
    shared.show(shared.own ? host.editor.schema.topNodeType.createAndFill() : this.content);
    host.note.replaceChildren();
    host.focus();
  }

  addLeftOver() {
    const { host, shared } = this;
    host.editor.commands.insertContentAt(host.editor.state.doc.content.size, shared.left);
    host.note.replaceChildren();
  }

  tell(text, label, act) {
    const { note } = this.host;
    const button = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-link btn-sm", textContent: word(label) });
    button.addEventListener("click", act);
    note.setAttribute("role", "status");
    note.replaceChildren(Object.assign(document.createElement("span"), { textContent: word(text) }), button);
  }

  showPeople(people) {
    const names = new Map(people.map((one) => [one.id, one]));
    const parts = [...names.values()].map((one) => Object.assign(document.createElement("span"), { className: `editor-person ${toneOf(one)}`, textContent: one.name, dir: "auto" }));
    this.people.hidden = !parts.length;
    this.people.replaceChildren(...(parts.length ? [Object.assign(document.createElement("span"), { textContent: word("also_here") }), ...parts] : []));
    this.host.tidy();
  }

  showLine(connected) {
    this.line.textContent = connected || this.denied ? "" : word("kept_here");
  }

  refused() {
    this.denied = true;
    this.line.textContent = word("no_longer");
    this.host.show();
  }

  submitted() {
    this.shared?.submitted();
  }

  // Returns whether the text stays as it is for the others.
  sent() {
    this.shared?.sent();
    return Boolean(this.shared && !this.shared.own);
  }

  // One goes on alone, with the text as it is.
  part() {
    this.shared?.leave();
    this.shared = undefined;
    this.entered = false;
    this.people.hidden = true;
    this.line.textContent = "";
  }

  leave() {
    this.gone = true;
    this.part();
    this.people.remove();
    this.line.remove();
  }
}

export const TONES = ["#1d6fd1", "#b4232f", "#177245", "#8a3ffc", "#a3480b", "#0b7285", "#a61e6d", "#5b5f00"];
export const toneOf = (user) => `caret-${TONES.indexOf(user.color) + 1}`;
