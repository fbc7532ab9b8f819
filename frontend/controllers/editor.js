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

  async connect() {
    this.gone = false;
    try {
      const { mount } = await import("../editor/index.js");
      if (!this.gone) this.editor = mount(this);
    } catch (error) {
      console.warn("The editor did not load; plain text works.", error);
    }
  }

  disconnect() {
    this.gone = true;
    this.editor?.destroy();
    this.editor = undefined;
  }

  get uploads() {
    return this.filesValue ? this.application.getControllerForElementAndIdentifier(this.element, "upload") : null;
  }
}
