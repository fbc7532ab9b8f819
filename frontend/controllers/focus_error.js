// The summary of a refused form: it takes the focus; its links go to the fields.
import { Controller } from "@hotwired/stimulus";

export default class extends Controller {
  connect() {
    this.element.addEventListener("click", (event) => this.follow(event));
    this.element.focus();
  }

  follow(event) {
    const link = event.target.closest("a[href^='#']");
    const field = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!field) return;
    event.preventDefault();
    const typed = field.closest(".editor-field")?.querySelector(".ProseMirror");
    const first = typed ?? (field.matches("fieldset, div") ? field.querySelector("input, select, textarea") ?? field : field);
    first.scrollIntoView({ block: "center" });
    first.focus({ preventScroll: true });
  }
}
