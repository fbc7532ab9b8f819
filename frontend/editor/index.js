// Tiptap over a textarea. The textarea stays what the form sends: HTML or, in Markdown mode, what is typed into it.
import { Editor, createDocument } from "@tiptap/core";
import { Selection } from "@tiptap/pm/state";
import { word } from "../controllers/words.js";
import { carryOver } from "./carry.js";
import { Company } from "./company.js";
import * as drafts from "./draft.js";
import { extensions } from "./extensions.js";
import { LinkBar } from "./linkbar.js";
import { withoutStyles } from "./paste.js";
import { Toolbar } from "./toolbar.js";

const PREFERENCE = "llmio.editor";

function prefersMarkdown() {
  try {
    return localStorage.getItem(PREFERENCE) === "md";
  } catch {
    return false;
  }
}

export function mount(controller) {
  return new RichText(controller);
}

class RichText {
  constructor(controller) {
    this.controller = controller;
    this.field = controller.element;
    this.source = controller.sourceTarget;
    this.formatField = controller.formatTarget;
    this.shell = controller.shellTarget;
    this.size = controller.sizeValue;
    this.key = controller.draftValue;
    this.initial = this.source.value;
    this.restore();
    this.markdown = this.source.value.trim() ? this.formatField.value === "md" : prefersMarkdown();
    this.note = Object.assign(document.createElement("div"), { className: "editor-note" });
    this.toolbar = new Toolbar(this);
    this.linkbar = new LinkBar(this);
    this.frame = Object.assign(document.createElement("div"), { className: "editor-frame" });
    this.editor = this.create();
    this.shell.prepend(this.toolbar.element, this.linkbar.element);
    this.shell.append(this.frame);
    this.shell.after(this.note);
    if (this.restored) this.tellRestored();
    if (controller.togetherValue) this.company = new Company(this);
    this.listen();
    this.show();
    this.begin();
  }

  async begin() {
    if (this.controller.autofocusValue) this.focus();
    if (this.company && !this.markdown) await this.company.join();
    if (!this.gone) this.field.dataset.editorReady = "";
  }

  // The same editor over another document; what was written since the text was `base` goes there, and so does the cursor.
  remake(choose) {
    const { isFocused, state } = this.editor ?? {};
    this.editor?.destroy();
    this.editor = undefined;
    this.frame.replaceChildren();
    this.editor = this.create();
    this.show();
    if (this.company.shared) carryOver(this.editor.view, choose?.(this.editor.state.doc) ?? state.doc, state);
    if (isFocused) this.editor.view.focus(); // at once: a key may be on its way
    if (this.company.shared && this.key) {
      clearTimeout(this.timer);
      drafts.clear(this.key); // the document holds it
      this.key = "";
    }
  }

  // A text as the editor has it.
  parse({ value, format }) {
    const { schema, markdown } = this.editor;
    return format === "md" && value ? schema.nodeFromJSON(markdown.parse(value)) : createDocument(value, schema);
  }

  create() {
    const label = this.field.querySelector("label");
    const described = this.source.getAttribute("aria-describedby");
    return new Editor({
      element: this.frame,
      injectCSS: false,
      extensions: extensions({ mentions: this.controller.mentionsValue, shared: this.company?.extensions() }),
      ...(this.company?.shared ? {} : { content: this.markdown ? "" : this.source.value }),
      ...(!this.company?.shared && this.formatField.value === "md" && !this.markdown && this.source.value ? { contentType: "markdown" } : {}),
      editorProps: {
        attributes: {
          role: "textbox",
          "aria-multiline": "true",
          "aria-label": label?.textContent.trim() ?? "",
          ...(described ? { "aria-describedby": described } : {}),
          ...(this.source.getAttribute("aria-invalid") ? { "aria-invalid": "true" } : {}),
          dir: "auto",
        },
        transformPastedHTML: withoutStyles,
        handlePaste: (_view, event) => this.takeFiles(event.clipboardData?.files, event),
        handleDrop: (_view, event) => this.takeFiles(event.dataTransfer?.files, event),
        handleKeyDown: (_view, event) => this.sendByKey(event),
      },
      onUpdate: () => this.editor && this.changed(), // there is none while it is made over a shared text
      onTransaction: () => this.editor && (this.toolbar.update(this.editor, this.markdown), this.invite()),
    });
  }

  listen() {
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    this.source.addEventListener("input", () => this.markdown && this.changed(), { signal });
    this.source.addEventListener("llmio:placeholder", () => this.invite(), { signal });
    this.field.querySelector("label")?.addEventListener("click", (event) => !this.markdown && (event.preventDefault(), this.focus()), { signal });
    const form = this.field.closest("form");
    form?.addEventListener("submit", () => (this.sync(), this.company?.submitted()), { signal, capture: true });
    form?.addEventListener("turbo:submit-end", ({ detail }) => detail.success && this.sent(), { signal });
    form?.addEventListener("reset", () => setTimeout(() => this.empty()), { signal });
  }

  destroy() {
    this.gone = true;
    clearTimeout(this.timer);
    this.listeners.abort();
    this.sync();
    this.company?.leave();
    delete this.field.dataset.editorReady;
    this.toolbar.element.remove();
    this.linkbar.element.remove();
    this.note.remove();
    this.shell.classList.remove("is-rich", "is-markdown");
    this.editor.destroy();
    this.frame.remove();
  }

  chain() {
    return this.editor.chain().focus();
  }

  focus() {
    if (this.markdown) this.source.focus();
    else this.editor.commands.focus("end");
  }

  // What the form sends.
  sync() {
    if (this.markdown) {
      this.formatField.value = "md";
    } else if (!this.untouched) {
      this.source.value = this.editor.isEmpty ? "" : this.editor.getHTML();
      this.formatField.value = "html";
    }
  }

  get untouched() {
    return !this.dirty && this.source.value === this.initial;
  }

  changed() {
    if (this.company?.shared && !this.dirty && !this.company.shared.differs) return; // only put into its shape
    this.dirty = true;
    this.sync();
    if (!this.key) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), 400);
  }

  keep() {
    if (this.source.value.trim()) drafts.write(this.key, this.source.value, this.formatField.value);
    else drafts.clear(this.key);
  }

  restore() {
    const held = this.key && drafts.read(this.key);
    if (!held || held.value === this.source.value || this.source.getAttribute("aria-invalid")) return;
    this.before = { value: this.source.value, format: this.formatField.value };
    this.source.value = held.value;
    this.formatField.value = held.format;
    this.restored = true;
    this.dirty = true;
  }

  tellRestored() {
    const undo = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-link btn-sm", textContent: word("discard_draft") });
    undo.addEventListener("click", () => {
      drafts.clear(this.key);
      this.set(this.before.value, this.before.format);
      this.note.replaceChildren();
      this.focus();
    });
    this.note.setAttribute("role", "status");
    this.note.append(Object.assign(document.createElement("span"), { textContent: word("draft_restored") }), undo);
  }

  set(value, format) {
    this.source.value = value;
    this.formatField.value = format;
    this.markdown = value.trim() ? format === "md" : this.markdown;
    if (!this.markdown) this.editor.commands.setContent(value, { emitUpdate: false, ...(format === "md" ? { contentType: "markdown" } : {}) });
    this.dirty = false;
    this.restored = false;
    this.initial = value;
    this.show();
  }

  sent() {
    clearTimeout(this.timer);
    if (this.key) drafts.clear(this.key);
    if (!this.company?.sent() && this.field.isConnected) this.empty();
  }

  empty() {
    if (this.company?.shared?.own === false) return;
    this.set("", "html");
    this.note.replaceChildren();
  }

  toggleMode() {
    const untouched = this.untouched;
    if (this.markdown) {
      const text = this.source.value;
      this.markdown = false;
      this.editor.commands.setContent(text, { contentType: "markdown", emitUpdate: false });
    } else {
      this.source.value = this.editor.isEmpty ? "" : this.editor.getMarkdown();
      this.markdown = true;
      if (this.company?.shared) {
        // Who writes Markdown writes alone: there is no cursor in it that others could see.
        this.company.part();
        this.remake();
      }
    }
    try {
      localStorage.setItem(PREFERENCE, this.markdown ? "md" : "html");
    } catch {
      // The choice then lasts for this page.
    }
    this.show();
    this.changed();
    this.focus();
    if (!this.markdown && untouched) this.company?.join();
  }

  tidy() {
    if (this.editor) this.toolbar.update(this.editor, this.markdown);
  }

  show() {
    this.shell.classList.toggle("is-markdown", this.markdown);
    this.shell.classList.toggle("is-rich", !this.markdown);
    this.frame.hidden = this.markdown;
    this.editor.setEditable(!this.markdown && !this.company?.denied, false);
    this.toolbar.update(this.editor, this.markdown);
    this.invite();
  }

  // The placeholder, while nothing is written.
  invite() {
    const text = this.source.getAttribute("placeholder") || this.controller.placeholderValue;
    this.frame.dataset.placeholder = this.editor.isEmpty ? text : "";
    if (text) this.editor.view.dom.setAttribute("aria-placeholder", text);
  }

  editLink() {
    this.linkbar.open(this.editor.getAttributes("link").href);
  }

  get canUpload() {
    return this.controller.filesValue;
  }

  pick(accept) {
    const input = Object.assign(document.createElement("input"), { type: "file", multiple: true, accept });
    input.addEventListener("change", () => this.upload(input.files, accept === "image/*"));
    input.click();
  }

  takeFiles(files, event) {
    if (!files?.length || !this.canUpload) return false;
    event.preventDefault();
    event.defaultHandled = true;
    this.upload(files, true);
    return true;
  }

  // Pictures go into the text, other files below it.
  upload(files, inline) {
    for (const file of files) {
      const picture = inline && file.type.startsWith("image/");
      this.controller.uploads?.add([file], picture ? { attach: false, then: (saved) => this.insert(saved, file) } : {});
    }
  }

  insert(saved, file) {
    if (this.editor.isDestroyed) return;
    this.chain().setImage({ src: saved.url, alt: saved.filename ?? file.name }).run();
    const { selection } = this.editor.state;
    const behind = selection.node && Selection.findFrom(selection.$to, 1, true);
    if (behind) this.editor.commands.setTextSelection(behind.from); // a selected picture gives way to the next key
    this.editor.view.focus();
  }

  sendByKey(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return false;
    event.preventDefault();
    event.stopPropagation();
    const form = this.field.closest("form");
    form?.requestSubmit(form.querySelector('[data-form-target="submit"]') ?? undefined);
    return true;
  }
}
