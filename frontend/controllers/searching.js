// Search as one types: the form is sent when typing pauses; arrow keys go between the words and the results.
import { Controller } from "@hotwired/stimulus";

const PAUSE = 300;
const ENOUGH = 2;

export default class extends Controller {
  static targets = ["form", "words", "results", "status", "link"];

  connect() {
    this.sent = this.state();
    this.move = (event) => this.key(event);
    this.element.addEventListener("keydown", this.move);
  }

  disconnect() {
    clearTimeout(this.timer);
    this.element.removeEventListener("keydown", this.move);
  }

  state() {
    return new URLSearchParams(new FormData(this.formTarget)).toString();
  }

  typed(event) {
    if (event.isComposing || event.target !== this.wordsTarget) return;
    clearTimeout(this.timer);
    const words = this.wordsTarget.value.trim();
    if (words.length === 0 || words.length >= ENOUGH) this.timer = setTimeout(() => this.send(), PAUSE);
  }

  chosen(event) {
    if (event.target === this.wordsTarget) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), 0);
  }

  send() {
    const state = this.state();
    if (state === this.sent) return;
    this.sent = state;
    // Not requestSubmit: what is typed while an answer is under way must not wait for it.
    const url = new URL(this.formTarget.action);
    url.search = state;
    this.resultsTarget.src = url.toString();
    // So that one comes back to these results, and can pass the address on.
    history.replaceState(history.state, "", url);
  }

  shown() {
    const said = this.resultsTarget.querySelector("[data-said]")?.dataset.said;
    this.statusTarget.textContent = said ?? this.resultsTarget.querySelector("h2, h3")?.textContent ?? "";
  }

  key(event) {
    if (!["ArrowDown", "ArrowUp"].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.linkTargets.indexOf(document.activeElement);
    const inWords = document.activeElement === this.wordsTarget;
    if (at < 0 && !inWords) return;
    const next = at + (event.key === "ArrowDown" ? 1 : -1);
    if (next >= this.linkTargets.length || (inWords && event.key === "ArrowUp")) return;
    event.preventDefault();
    (next < 0 ? this.wordsTarget : this.linkTargets[next]).focus();
  }
}
