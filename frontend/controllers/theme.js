// Light, dark or as the device says: kept in a cookie, so that the server renders the right one at once.
import { Controller } from "@hotwired/stimulus";

const YEAR = 60 * 60 * 24 * 365;

export default class extends Controller {
  static targets = ["choice"];

  connect() {
    this.show(document.documentElement.dataset.bsTheme ?? "auto");
  }

  choose({ params: { value } }) {
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `theme=${value}; path=/; max-age=${value === "auto" ? 0 : YEAR}; samesite=lax${secure}`;
    if (value === "auto") delete document.documentElement.dataset.bsTheme;
    else document.documentElement.dataset.bsTheme = value;
    this.show(value);
  }

  move(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const choices = this.choiceTargets;
    const next = choices[(choices.indexOf(event.currentTarget) + step + choices.length) % choices.length];
    next.focus();
    next.click();
  }

  show(value) {
    for (const choice of this.choiceTargets) {
      const chosen = choice.dataset.themeValueParam === value;
      choice.setAttribute("aria-checked", String(chosen));
      choice.tabIndex = chosen ? 0 : -1;
    }
  }
}
