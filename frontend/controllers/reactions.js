// Reacting closes the picker at once.
import { Controller } from "@hotwired/stimulus";

export default class extends Controller {
  connect() {
    this.done = () => this.element.querySelectorAll("details[open]").forEach((one) => (one.open = false));
    this.element.addEventListener("turbo:submit-start", this.done);
  }

  disconnect() {
    this.element.removeEventListener("turbo:submit-start", this.done);
  }
}
