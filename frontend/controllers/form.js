// Forms: no double submit, a button that says it is under way, Ctrl or Cmd + Enter sends; focus on the first fault where no
// summary of them takes it.
import { Controller } from "@hotwired/stimulus";

function focusFirstFault(root) {
  const fault = root.querySelector(".has-error");
  if (!fault) return false;
  const first = fault.querySelector(".ProseMirror, input:not([type=hidden]), select, textarea, button") ?? fault;
  first.focus({ preventScroll: true });
  fault.scrollIntoView({ block: "center" });
  return true;
}

export default class extends Controller {
  static targets = ["submit"];

  connect() {
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    this.element.addEventListener("submit", (event) => this.submitting(event), { signal });
    this.element.addEventListener("turbo:submit-end", () => this.free(), { signal });
    this.element.addEventListener("keydown", (event) => this.key(event), { signal });
    addEventListener("pageshow", () => this.free(), { signal });
    if (!document.querySelector(".error-summary")) focusFirstFault(this.element);
  }

  disconnect() {
    this.listeners.abort();
  }

  submitting(event) {
    if (event.defaultPrevented) return;
    if (this.busy) return event.preventDefault();
    this.busy = true;
    event.submitter?.setAttribute("aria-busy", "true");
  }

  free() {
    this.busy = false;
    this.element.querySelectorAll('[aria-busy="true"]').forEach((one) => one.removeAttribute("aria-busy"));
  }

  key(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
    event.preventDefault();
    this.element.requestSubmit(this.hasSubmitTarget ? this.submitTarget : undefined);
  }
}
