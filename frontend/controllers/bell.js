// The bell: its list is fetched when opened, and again each time.
import { Controller } from "@hotwired/stimulus";

export default class extends Controller {
  static targets = ["frame"];
  static values = { url: String };

  connect() {
    this.load = () => this.element.open && this.fetch();
    this.element.addEventListener("toggle", this.load);
    // New ones count up; those that were read meanwhile, here or on another page, count down.
    this.heard = ({ detail }) => this.count((detail?.records?.notifications ?? []).reduce((sum, one) => sum + (one.viewed ? -1 : 1), 0));
    addEventListener("llmio:records", this.heard);
  }

  disconnect() {
    this.element.removeEventListener("toggle", this.load);
    removeEventListener("llmio:records", this.heard);
  }

  // The numbers at the bell, up here and at the bottom of phones.
  count(more) {
    if (!more) return;
    for (const badge of document.querySelectorAll("[data-bell-count]")) {
      const number = Math.max(0, Number(badge.dataset.bellCount) + more);
      badge.dataset.bellCount = String(number);
      badge.textContent = number < 100 ? String(number) : "99+";
      badge.hidden = number === 0;
    }
  }

  fetch() {
    if (this.frameTarget.getAttribute("src")) this.frameTarget.reload();
    else {
      this.frameTarget.removeAttribute("loading");
      this.frameTarget.src = this.urlValue;
    }
  }
}
