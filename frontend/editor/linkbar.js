// Where a link goes, asked for in a line below the toolbar.
import { word } from "../controllers/words.js";

export class LinkBar {
  constructor(host) {
    this.host = host;
    this.element = Object.assign(document.createElement("div"), { className: "editor-linkbar", hidden: true });
    this.input = Object.assign(document.createElement("input"), { type: "url", className: "form-control form-control-sm", placeholder: "https://" });
    this.input.setAttribute("aria-label", word("link_address"));
    const save = this.button("link", "btn-primary", () => this.save());
    const remove = this.button("unlink", "btn-ghost", () => this.apply(""));
    this.element.append(this.input, save, remove);
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.save();
      else if (event.key === "Escape") this.close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  button(name, tone, act) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: `btn btn-sm ${tone}`, textContent: word(name) });
    button.addEventListener("click", act);
    return button;
  }

  open(href) {
    this.input.value = href ?? "";
    this.element.hidden = false;
    this.input.focus();
  }

  close() {
    this.element.hidden = true;
    this.host.chain().run();
  }

  save() {
    const typed = this.input.value.trim();
    const whole = !typed || /^(https?:|mailto:|tel:|\/|#)/i.test(typed) ? typed : typed.includes("@") && !typed.includes("/") ? `mailto:${typed}` : `https://${typed}`;
    this.apply(whole);
  }

  apply(href) {
    this.element.hidden = true;
    const chain = this.host.chain().extendMarkRange("link");
    if (!href) chain.unsetLink().run();
    else if (this.host.editor.state.selection.empty && !this.host.editor.isActive("link")) chain.insertContent([{ type: "text", text: href, marks: [{ type: "link", attrs: { href } }] }, { type: "text", text: " " }]).run();
    else chain.setLink({ href }).run();
  }
}
