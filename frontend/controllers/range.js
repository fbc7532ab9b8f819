// A slider beside its number. Until it is touched the number stays empty: nothing is rated by being left alone.
import { Controller } from "@hotwired/stimulus";

export default class extends Controller {
  static targets = ["input", "value"];

  connect() {
    this.typed();
  }

  typed() {
    const empty = this.valueTarget.value === "";
    this.inputTarget.value = empty ? this.inputTarget.min : this.valueTarget.value;
    this.element.classList.toggle("is-unrated", empty);
  }

  // A click, too: on the place where the slider stands already it moves nothing.
  slid() {
    this.valueTarget.value = this.inputTarget.value;
    this.element.classList.remove("is-unrated");
  }
}
