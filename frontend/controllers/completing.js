// Names offered as one types: a combobox over a plain field. Arrows and Enter or a click take one, Escape and going away close.
import { Controller } from "@hotwired/stimulus";
import { word } from "./words.js";

const PAUSE = 150;
let number = 0;

export default class extends Controller {
  static values = { url: String, single: Boolean };

  connect() {
    this.list = document.createElement("div");
    this.list.className = "mention-list completing-list";
    this.list.id = `completing-${++number}`;
    this.list.hidden = true;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", word("suggestions"));
    this.element.after(this.list);
    this.list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
    this.list.addEventListener("click", (event) => this.take(event.target.closest("[role=option]")));
    const is = { role: "combobox", "aria-autocomplete": "list", "aria-controls": this.list.id, "aria-expanded": "false" };
    for (const [name, value] of Object.entries(is)) this.element.setAttribute(name, value);
  }

  disconnect() {
    this.close();
    this.list.remove();
  }

  // What is typed at the cursor: from the comma before it to the one after.
  part() {
    const { value, selectionStart } = this.element;
    if (this.singleValue) return { from: 0, to: value.length, words: value.trim() };
    const at = selectionStart ?? value.length;
    const from = value.lastIndexOf(",", at - 1) + 1;
    const next = value.indexOf(",", at);
    const to = next < 0 ? value.length : next;
    return { from, to, words: value.slice(from, to).trim() };
  }

  typed(event) {
    if (event.isComposing) return;
    clearTimeout(this.timer);
    if (this.part().words) this.timer = setTimeout(() => this.offer(), PAUSE);
    else this.close();
  }

  async offer() {
    const { from, to, words } = this.part();
    const url = new URL(this.urlValue, location.href);
    url.searchParams.set("q", words);
    const group = this.element.form?.elements.namedItem("group_id")?.value;
    if (group && !url.searchParams.has("group_id")) url.searchParams.set("group_id", group);
    this.asked?.abort();
    this.asked = new AbortController();
    try {
      const response = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin", signal: this.asked.signal });
      const names = response.ok ? await response.json() : [];
      const rest = this.singleValue ? "" : this.element.value.slice(0, from) + this.element.value.slice(to);
      const there = rest.split(",").map((one) => one.trim().toLowerCase());
      this.show(names.filter((name) => !there.includes(name.toLowerCase()) && name !== words));
    } catch {
      this.close(); // asked again meanwhile, or no connection: the field is a plain one
    }
  }

  show(names) {
    if (document.activeElement !== this.element) return;
    const here = this.list.hidden ? [] : [...this.list.children].map((row) => row.textContent);
    if (names.length && names.join("\n") === here.join("\n")) return; // beneath a finger nothing is made anew
    const marked = here[this.at];
    this.list.replaceChildren(
      ...names.map((name, index) => {
        const row = Object.assign(document.createElement("div"), { className: "mention-choice", id: `${this.list.id}-${index}`, textContent: name, dir: "auto" });
        row.setAttribute("role", "option");
        return row;
      }),
    );
    this.mark(names.indexOf(marked)); // an answer to the next letter does not let go of it
    this.list.hidden = !names.length;
    this.element.setAttribute("aria-expanded", String(names.length > 0));
    if (!names.length) return;
    const box = this.element.getBoundingClientRect();
    const around = (this.list.offsetParent ?? document.body).getBoundingClientRect();
    this.list.style.insetInlineStart = "0";
    this.list.style.minWidth = `${Math.min(box.width, 240)}px`;
    this.list.style.top = `${box.bottom - around.top + 4}px`;
    this.list.scrollIntoView({ block: "nearest" });
  }

  mark(at) {
    this.at = at;
    [...this.list.children].forEach((row, index) => row.setAttribute("aria-selected", String(index === at)));
    const row = this.list.children[at];
    if (row) {
      this.element.setAttribute("aria-activedescendant", row.id);
      row.scrollIntoView({ block: "nearest" });
    } else this.element.removeAttribute("aria-activedescendant");
  }

  key(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const count = this.list.hidden ? 0 : this.list.children.length;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && count) this.mark((this.at + step + count + (this.at < 0 && step < 0 ? 1 : 0)) % count);
    else if (event.key === "ArrowDown") this.offer();
    else if (event.key === "Enter" && count && this.at >= 0) this.take(this.list.children[this.at]);
    else if (event.key === "Escape" && count) this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  take(row) {
    if (!row) return;
    const { from, to } = this.part();
    const { value } = this.element;
    const before = value.slice(0, from) + (from ? " " : "");
    const end = this.singleValue ? "" : ", ";
    const after = value.slice(to).replace(/^[,\s]+/, "");
    this.element.value = before + row.textContent + end + after;
    const at = before.length + row.textContent.length + end.length;
    this.element.setSelectionRange(at, at);
    this.close();
    this.element.dispatchEvent(new Event("change", { bubbles: true }));
  }

  close() {
    clearTimeout(this.timer);
    this.asked?.abort();
    this.list.hidden = true;
    this.element.setAttribute("aria-expanded", "false");
    this.element.removeAttribute("aria-activedescendant");
  }
}
