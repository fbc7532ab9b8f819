// The number beside a slider.
import { Controller } from "@hotwired/stimulus";

export default class extends Controller {
  static targets = ["input", "value"];

  connect() {
    this.show();
  }

  show() {
    this.valueTarget.value = this.inputTarget.value;
  }
}
