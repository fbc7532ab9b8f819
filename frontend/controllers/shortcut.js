// A key that brings one to a field, unless one is typing.
import { Controller } from "@hotwired/stimulus";

export default class extends Controller {
  static values = { key: String };

  connect() {
    this.press = (event) => {
      const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
      if (event.key !== this.keyValue || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      if (!(this.element.checkVisibility?.() ?? true)) return;
      event.preventDefault();
      this.element.focus();
    };
    document.addEventListener("keydown", this.press);
  }

  disconnect() {
    document.removeEventListener("keydown", this.press);
  }
}
