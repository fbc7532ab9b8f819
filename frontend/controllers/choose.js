// People to tick: one box for all of them, which also shows whether all or some are chosen, and how many there are.
//   target everyone  the box for all; target one: a person's; target count: where the number stands
//   value picks      the value of the form's radio buttons that is meant by whoever ticks somebody
import { Controller } from "@hotwired/stimulus";
import { word } from "./words.js";

export default class extends Controller {
  static targets = ["everyone", "one", "count"];
  static values = { total: Number, picks: String };

  connect() {
    this.again = () => this.show();
    document.addEventListener("turbo:render", this.again); // a form that comes back refused is morphed
    if (this.hasEveryoneTarget && this.everyoneTarget.checked) this.tick(true);
    this.show();
  }

  disconnect() {
    document.removeEventListener("turbo:render", this.again);
  }

  all() {
    this.tick(this.everyoneTarget.checked);
    this.show();
    this.pick();
  }

  one() {
    if (this.hasEveryoneTarget) this.everyoneTarget.checked = this.oneTargets.length === this.totalValue && this.oneTargets.every((box) => box.checked);
    this.show();
    this.pick();
  }

  tick(on) {
    for (const box of this.oneTargets) box.checked = on;
  }

  show() {
    if (!this.hasEveryoneTarget) return;
    const chosen = this.oneTargets.filter((box) => box.checked).length;
    if (chosen === this.totalValue) this.everyoneTarget.checked = true;
    const everyone = this.everyoneTarget.checked;
    this.everyoneTarget.indeterminate = !everyone && chosen > 0;
    this.countTarget.hidden = false;
    this.countTarget.textContent = word("chosen", { count: everyone ? this.totalValue : chosen, total: this.totalValue });
  }

  pick() {
    if (!this.picksValue || !this.oneTargets.some((box) => box.checked)) return;
    const meant = this.element.form?.querySelector(`input[type=radio][value="${this.picksValue}"]`);
    if (meant) meant.checked = true;
  }
}
