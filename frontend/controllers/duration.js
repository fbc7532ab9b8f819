// A poll that opens later is open for as long as its kind suggests, unless one chose a time to close oneself.
//   value days  how long; 0 leaves the time to close alone
import { Controller } from "@hotwired/stimulus";

export const after = (local, days) => {
  const moment = new Date(`${local}Z`); // the same hour of a local clock, whatever the clocks do between
  moment.setUTCDate(moment.getUTCDate() + days);
  return moment.toISOString().slice(0, 16);
};

export default class extends Controller {
  static values = { days: Number };

  connect() {
    this.first = this.suggested = this.named("closing_at").value;
  }

  named(name) {
    return this.element.querySelector(`[name="${name}"]`);
  }

  follow({ target }) {
    const opening = this.named("opening_at");
    if (target.name === "opens" && target.value === "now") opening.value = "";
    else if (target.name !== "opening_at") return;
    const closing = this.named("closing_at");
    if (!this.daysValue || closing.value !== this.suggested) return;
    closing.value = this.suggested = opening.value ? after(opening.value, this.daysValue) : this.first;
  }
}
