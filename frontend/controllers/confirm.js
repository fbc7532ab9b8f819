// The question before an act that cannot be taken back: Cancel and Escape close it.
import { Controller } from "@hotwired/stimulus";
import { place } from "./panel.js";

export default class extends Controller {
  connect() {
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    const cancel = this.element.querySelector('[data-action~="confirm#close"]');
    if (cancel) cancel.hidden = false;
    this.element.addEventListener("toggle", () => this.toggled(), { signal });
    this.element.addEventListener("keydown", (event) => this.key(event), { signal });
    this.element.addEventListener("turbo:submit-end", ({ detail }) => detail.success && (this.element.open = false), { signal });
    document.addEventListener("turbo:before-cache", () => (this.element.open = false), { signal });
  }

  disconnect() {
    this.listeners.abort();
  }

  toggled() {
    if (!this.element.open) return;
    if (!this.element.classList.contains("confirm-in-menu")) place(this.element, this.element.querySelector(".confirm-panel"));
    this.element.querySelector(".confirm-panel").scrollIntoView({ block: "nearest" });
  }

  key(event) {
    if (event.key !== "Escape" || !this.element.open) return;
    event.stopPropagation();
    this.close();
  }

  close() {
    this.element.open = false;
    this.element.querySelector("summary").focus();
  }
}
