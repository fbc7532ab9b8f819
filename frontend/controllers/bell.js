// The bell: its list is fetched when opened, and again each time.
import { Controller } from "@hotwired/stimulus";

export default class extends Controller {
  static targets = ["frame"];
  static values = { url: String };

  connect() {
    this.load = () => this.element.open && this.fetch();
    this.element.addEventListener("toggle", this.load);
  }

  disconnect() {
    this.element.removeEventListener("toggle", this.load);
  }

  fetch() {
    if (this.frameTarget.getAttribute("src")) this.frameTarget.reload();
    else {
      this.frameTarget.removeAttribute("loading");
      this.frameTarget.src = this.urlValue;
    }
  }
}
