// A textarea as tall as its text, where the sheet alone cannot do it.
import { Controller } from "@hotwired/stimulus";

export default class extends Controller {
  connect() {
    if (CSS.supports("field-sizing", "content")) return;
    this.fit = () => {
      this.element.style.height = "auto";
      this.element.style.height = `${Math.min(this.element.scrollHeight + 2, innerHeight * 0.7)}px`;
    };
    this.element.addEventListener("input", this.fit);
    this.fit();
  }

  disconnect() {
    if (this.fit) this.element.removeEventListener("input", this.fit);
  }
}
