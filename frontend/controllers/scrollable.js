// Wide tables in what people wrote can be scrolled by keyboard.
import { Controller } from "@hotwired/stimulus";

export default class extends Controller {
  connect() {
    for (const table of this.element.querySelectorAll("table")) {
      if (table.scrollWidth > table.clientWidth + 1) table.tabIndex = 0;
    }
  }
}
