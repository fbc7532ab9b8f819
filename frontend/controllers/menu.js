// A <details> menu: Escape, a click elsewhere and an act that was done close it, arrows walk through it, it stays on the screen.
import { Controller } from "@hotwired/stimulus";
import { place } from "./panel.js";

export default class extends Controller {
  connect() {
    this.summary = this.element.querySelector("summary");
    this.panel = this.element.querySelector(".menu-panel");
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    // Also when something inside unfolds.
    this.element.addEventListener("toggle", () => place(this.element, this.panel), { signal, capture: true });
    this.element.addEventListener("keydown", (event) => this.key(event), { signal });
    this.element.addEventListener("click", (event) => event.target.closest("a") && !event.target.closest("[data-controller~=clipboard]") && this.close(), { signal });
    this.element.addEventListener("turbo:submit-end", ({ detail }) => detail.success && this.close(true), { signal });
    document.addEventListener("click", (event) => this.element.open && !this.element.contains(event.target) && this.close(), { signal });
    document.addEventListener("turbo:before-cache", () => this.close(), { signal });
  }

  disconnect() {
    this.listeners.abort();
  }

  close(focus = false) {
    if (!this.element.open) return;
    this.element.open = false;
    if (focus) this.summary.focus();
  }

  get items() {
    const all = [...this.panel.querySelectorAll("a[href], button:not([disabled]), summary")];
    return all.filter((one) => one.checkVisibility?.() ?? one.offsetParent);
  }

  key(event) {
    if (event.key === "Escape" && this.element.open) {
      event.stopPropagation();
      return this.close(true);
    }
    if (event.target.matches("input, textarea, [role=radio]")) return;
    const step = { ArrowDown: 1, ArrowUp: -1, Home: "first", End: "last" }[event.key];
    if (!step || (!this.element.open && event.target !== this.summary)) return;
    event.preventDefault();
    this.element.open = true;
    const items = this.items;
    const at = items.indexOf(document.activeElement);
    const next = step === "first" ? 0 : step === "last" ? items.length - 1 : (at + step + items.length + (at < 0 && step < 0 ? 1 : 0)) % items.length;
    items[next]?.focus();
  }
}
