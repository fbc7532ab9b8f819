// A line after an act: can be closed, and goes by itself unless it tells of a fault, offers to take the act back, or is being read.
import { Controller } from "@hotwired/stimulus";

export default class extends Controller {
  static values = { stay: Boolean, after: { type: Number, default: 7000 } };

  connect() {
    this.element.querySelector(":scope > button").hidden = false;
    if (!this.stayValue && this.element.closest(".flashes")) this.timer = setInterval(() => this.tire(), this.afterValue);
  }

  disconnect() {
    clearInterval(this.timer);
  }

  tire() {
    if (!this.element.matches(":hover, :focus-within")) this.close();
  }

  close() {
    this.element.remove();
  }
}
