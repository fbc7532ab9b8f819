// The browser's zone: offered first in a list; fills an empty hidden field.
import { Controller } from "@hotwired/stimulus";

export default class extends Controller {
  connect() {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!zone) return;
    if (!this.element.matches("select")) {
      if (!this.element.value) this.element.value = zone;
      return;
    }
    const option = [...this.element.options].find((one) => one.value === zone);
    if (!option) return;
    const chosen = this.element.value;
    const first = this.element.options[0];
    this.element.insertBefore(option, first?.value === "" ? first.nextSibling : first);
    this.element.value = chosen;
    if (!chosen) this.element.value = zone;
  }
}
