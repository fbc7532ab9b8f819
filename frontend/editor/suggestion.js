// Names offered after "@": a listbox under the cursor, chosen by arrows and Enter or by a click.
import { word } from "../controllers/words.js";

let number = 0;

async function find(url, query, signal) {
  const address = new URL(url, location.href);
  address.searchParams.set("q", query);
  const response = await fetch(address, { headers: { Accept: "application/json" }, credentials: "same-origin", signal });
  if (!response.ok) return [];
  const data = await response.json();
  return (Array.isArray(data) ? data : data.mentions ?? []).slice(0, 8);
}

class List {
  constructor(props) {
    this.element = document.createElement("div");
    this.element.className = "mention-list";
    this.element.id = `mentions-${++number}`;
    this.element.setAttribute("role", "listbox");
    this.element.setAttribute("aria-label", word("people"));
    document.body.append(this.element);
    this.update(props);
  }

  update(props) {
    this.props = props;
    this.at = 0;
    this.element.replaceChildren(...props.items.map((item, index) => this.choice(item, index)));
    this.element.hidden = !props.items.length;
    this.mark();
    this.place();
  }

  choice(item, index) {
    const row = document.createElement("div");
    row.className = "mention-choice";
    row.id = `${this.element.id}-${index}`;
    row.setAttribute("role", "option");
    const name = Object.assign(document.createElement("b"), { textContent: item.name, dir: "auto" });
    const handle = Object.assign(document.createElement("span"), { textContent: `@${item.handle}` });
    row.append(this.face(item), name, handle);
    row.addEventListener("mousedown", (event) => (event.preventDefault(), this.pick(index)));
    return row;
  }

  face({ name, picture }) {
    const words = name.trim().split(/\s+/);
    const letters = words.length > 1 ? [words[0], words.at(-1)].map((one) => [...one][0]).join("") : name.slice(0, 2);
    const face = document.createElement(picture ? "img" : "span");
    face.className = "avatar avatar-sm avatar-more";
    if (picture) Object.assign(face, { src: picture, alt: "" }).dataset.initials = letters.toUpperCase();
    else face.textContent = letters.toUpperCase();
    face.setAttribute("aria-hidden", "true");
    return face;
  }

  mark() {
    [...this.element.children].forEach((row, index) => row.setAttribute("aria-selected", String(index === this.at)));
    const field = this.props.editor.view.dom;
    const row = this.element.children[this.at];
    if (row) {
      field.setAttribute("aria-activedescendant", row.id);
      field.setAttribute("aria-controls", this.element.id);
      row.scrollIntoView({ block: "nearest" });
    }
  }

  place() {
    const box = this.props.clientRect?.();
    if (!box) return;
    const own = this.element.getBoundingClientRect();
    const edge = document.documentElement.clientWidth - own.width - 8;
    const below = box.bottom + own.height + 8 < innerHeight;
    this.element.style.left = `${Math.max(8, Math.min(box.left, edge)) + scrollX}px`;
    this.element.style.top = `${(below ? box.bottom + 4 : box.top - own.height - 4) + scrollY}px`;
  }

  pick(index) {
    const item = this.props.items[index];
    if (item) this.props.command({ id: item.handle, label: item.name });
  }

  key({ key }) {
    const count = this.props.items.length;
    if (!count) return false;
    if (key === "ArrowDown" || key === "ArrowUp") {
      this.at = (this.at + (key === "ArrowDown" ? 1 : -1) + count) % count;
      this.mark();
      return true;
    }
    if (key === "Enter" || key === "Tab") {
      this.pick(this.at);
      return true;
    }
    return false;
  }

  close() {
    this.props.editor.view?.dom.removeAttribute("aria-activedescendant");
    this.props.editor.view?.dom.removeAttribute("aria-controls");
    this.element.remove();
  }
}

export function suggestion(url) {
  let asked;
  return {
    char: "@",
    allowSpaces: false,
    items: async ({ query }) => {
      asked?.abort();
      asked = new AbortController();
      try {
        return await find(url, query, asked.signal);
      } catch {
        return [];
      }
    },
    render: () => {
      let list;
      return {
        onStart: (props) => (list = new List(props)),
        onUpdate: (props) => list?.update(props),
        onKeyDown: ({ event }) => {
          if (event.key !== "Escape") return list?.key(event) ?? false;
          list?.close();
          list = undefined;
          return true;
        },
        onExit: () => (list?.close(), (list = undefined)),
      };
    },
  };
}
