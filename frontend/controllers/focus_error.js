// What came of a form takes the focus: the summary of a refused one, whose links go to the fields, or thanks in the place of one.
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
