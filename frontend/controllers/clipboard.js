// A link that copies itself.
import { Controller } from "@hotwired/stimulus";

export default class extends Controller {
  static targets = ["label"];
  static values = { done: String };

  async copy(event) {
    if (!navigator.clipboard) return;
    event.preventDefault();
    event.stopPropagation();
    await navigator.clipboard.writeText(this.element.href.replace(/^mailto:/, ""));
    const label = this.hasLabelTarget ? this.labelTarget : this.element;
    const before = label.textContent;
    label.setAttribute("aria-live", "polite");
    label.textContent = this.doneValue;
    setTimeout(() => (label.textContent = before), 2000);
  }
}
