// The buttons above the text: one tab stop, arrows between them.
import { icon } from "../controllers/icon.js";
import { word } from "../controllers/words.js";

const tools = [
  ["bold", "type-bold", (chain) => chain.toggleBold(), "bold"],
  ["italic", "type-italic", (chain) => chain.toggleItalic(), "italic"],
  ["strike", "type-strikethrough", (chain) => chain.toggleStrike(), "strike"],
  ["code", "code", (chain) => chain.toggleCode(), "code"],
  null,
  ["heading1", "type-h1", (chain) => chain.toggleHeading({ level: 1 }), ["heading", { level: 1 }]],
  ["heading2", "type-h2", (chain) => chain.toggleHeading({ level: 2 }), ["heading", { level: 2 }]],
  ["heading3", "type-h3", (chain) => chain.toggleHeading({ level: 3 }), ["heading", { level: 3 }]],
  null,
  ["bullets", "list-ul", (chain) => chain.toggleBulletList(), "bulletList"],
  ["numbers", "list-ol", (chain) => chain.toggleOrderedList(), "orderedList"],
  ["tasks", "check2-square", (chain) => chain.toggleTaskList(), "taskList"],
  ["quote", "quote", (chain) => chain.toggleBlockquote(), "blockquote"],
  ["code_block", "code-square", (chain) => chain.toggleCodeBlock(), "codeBlock"],
  null,
];
const small = new Set(["heading1", "heading2", "heading3", "tasks", "code_block", "table"]);
const inTable = [
  ["add_row", "plus-lg", (chain) => chain.addRowAfter()],
  ["add_column", "arrow-right", (chain) => chain.addColumnAfter()],
  ["delete_table", "trash3", (chain) => chain.deleteTable()],
];

export class Toolbar {
  constructor(host) {
    this.host = host;
    this.element = document.createElement("div");
    this.element.className = "editor-toolbar";
    this.element.setAttribute("role", "toolbar");
    this.element.setAttribute("aria-label", word("formatting"));
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.watched = [];
    const shown = (name) => host.size !== "sm" || !small.has(name);
    for (const tool of tools) {
      if (tool === null) this.divide();
      else if (shown(tool[0])) this.add(tool[0], tool[1], () => tool[2](host.chain()).run(), tool[3]);
    }
    this.add("link", "link-45deg", () => host.editLink(), "link");
    if (host.canUpload) {
      this.add("image", "image", () => host.pick("image/*"));
      this.add("attach", "paperclip", () => host.pick(""));
    }
    if (shown("table")) this.add("table", "table", () => host.chain().insertTable({ rows: 3, cols: 3, withHeaderRow: true }).run(), "table");
    this.tableTools = inTable.map(([name, sign, act]) => this.add(name, sign, () => act(host.chain()).run()));
    this.due = this.addDue();
    this.mode = this.add("markdown", "markdown", () => host.toggleMode());
    this.mode.classList.add("editor-mode");
    this.tidy();
    this.buttons[0].tabIndex = 0;
  }

  get buttons() {
    return [...this.element.querySelectorAll("button")];
  }

  get reachable() {
    return this.buttons.filter((one) => !one.hidden && !one.disabled);
  }

  add(name, sign, act, active) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "editor-tool", title: word(name), tabIndex: -1 });
    button.dataset.act = name;
    button.setAttribute("aria-label", word(name));
    button.append(icon(sign));
    button.addEventListener("click", act);
    this.element.append(button);
    if (active) this.watched.push([button, [active].flat()]);
    return button;
  }

  // The day that the task at hand is due, with a reminder on the morning before.
  addDue() {
    const label = Object.assign(document.createElement("label"), { className: "editor-due", hidden: true });
    const field = Object.assign(document.createElement("input"), { type: "date" });
    field.className = "form-control form-control-sm";
    field.addEventListener("keydown", (event) => event.stopPropagation());
    field.addEventListener("change", () => {
      const day = field.value || null;
      this.host.editor.chain().updateAttributes("taskItem", { "data-due-on": day, "data-remind": day && "1" }).run();
    });
    label.append(word("due_on"), " ", field);
    this.element.append(label);
    return label;
  }

  divide() {
    this.element.append(Object.assign(document.createElement("span"), { className: "editor-divider" }));
  }

  tidy() {
    for (const one of this.element.querySelectorAll(".editor-divider")) {
      if (one.nextElementSibling?.className === "editor-divider") one.remove();
    }
  }

  update(editor, markdown) {
    for (const [button, [name, attributes]] of this.watched) button.setAttribute("aria-pressed", String(!markdown && editor.isActive(name, attributes)));
    const table = !markdown && editor.isActive("table");
    this.due.hidden = markdown || !editor.isActive("taskItem");
    if (!this.due.hidden) this.due.lastChild.value = editor.getAttributes("taskItem")["data-due-on"] ?? "";
    for (const button of this.tableTools) button.hidden = !table;
    for (const button of this.buttons) button.disabled = markdown && button !== this.mode;
    const crowd = Boolean(this.host.company?.others.length);
    this.mode.disabled = crowd;
    this.mode.title = word(crowd ? "markdown_alone" : "markdown");
    this.mode.setAttribute("aria-pressed", String(markdown));
    if (!this.reachable.some((one) => one.tabIndex === 0)) this.reachable[0].tabIndex = 0;
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = this.reachable;
    const turn = getComputedStyle(this.element).direction === "rtl" ? -step : step;
    const next = all[(all.indexOf(document.activeElement) + turn + all.length) % all.length];
    this.buttons.forEach((one) => (one.tabIndex = one === next ? 0 : -1));
    next.focus();
  }
}
