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
  };

  // Mounted when it comes near the screen: a long thread may hold many, and most are never used.
  connect() {
    this.gone = false;
    this.observer = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && this.mount(), { rootMargin: "400px 0px" });
    this.observer.observe(this.shellTarget);
  }

  async mount() {
    this.observer.disconnect();
    try {
      const { mount } = await import("../editor/index.js");
      if (!this.gone && !this.editor) this.editor = mount(this);
    } catch (error) {
      console.warn("The editor did not load; plain text works.", error);
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
