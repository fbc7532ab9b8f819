// Rich text over a textarea. The editor itself is fetched when a page has one; until then, and if that fails, the
// textarea does the job.
import { Controller } from "@hotwired/stimulus";

export default class extends Controller {
  static targets = ["shell", "source", "format"];
  static values = {
    format: String,
    size: String,
    mentions: String,
    draft: String,
    placeholder: String,
    autofocus: Boolean,
    files: Boolean,
    together: String,
    togetherSession: String,
    togetherVersion: String,
    togetherFresh: Boolean,
  };

  // Mounted when it comes near the screen, else when the browser has nothing better to do; one that is folded away waits
  // until it is opened. A long thread may hold many.
  connect() {
    this.gone = false;
    this.observer = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && this.mount(), { rootMargin: "600px 0px" });
    this.observer.observe(this.shellTarget);
    const idle = globalThis.requestIdleCallback ?? ((then) => setTimeout(then, 500));
    idle(() => !this.gone && !this.element.closest("details:not([open])") && this.mount());
  }

  async mount() {
    this.observer.disconnect();
    if (this.mounting) return;
    this.mounting = true;
    try {
      const { mount } = await import("../editor/index.js");
      if (!this.gone && !this.editor && this.element.isConnected) this.editor = mount(this);
    } catch (error) {
      console.warn("The editor did not load; plain text works.", error);
    } finally {
      this.mounting = false;
    }
  }

  disconnect() {
    this.gone = true;
    this.observer.disconnect();
    this.editor?.destroy();
    this.editor = undefined;
  }

  get uploads() {
    return this.filesValue ? this.application.getControllerForElementAndIdentifier(this.element, "upload") : null;
  }
}
