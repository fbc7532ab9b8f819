// A form that came too late: once one has signed in in another window and is back, it is tried again by itself.
import { Controller } from "@hotwired/stimulus";

export default class extends Controller {
  connect() {
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    document.addEventListener("visibilitychange", () => this.back(), { signal });
    addEventListener("focus", () => this.back(), { signal });
  }

  disconnect() {
    this.listeners.abort();
  }

  leave() {
    this.left = true;
  }

  back() {
    if (!this.left || document.hidden) return;
    this.left = false;
    this.element.requestSubmit();
  }
}
