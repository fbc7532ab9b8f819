// The reason is asked for in the words of the option that was picked; parts marked for one option show with it.
//   target prompt  a field whose placeholder is the option's prompt
//   target part    shown while the option named in data-reveal-when is picked
import { Controller } from "@hotwired/stimulus";

export default class extends Controller {
  static targets = ["prompt", "part"];

  connect() {
    this.again = () => this.element.querySelectorAll('[data-action~="reveal#pick"]').forEach((one) => (one.checked || one.matches("select")) && this.show(one));
    this.again();
    document.addEventListener("turbo:render", this.again); // a form that comes back refused is morphed: parts show again
  }

  disconnect() {
    document.removeEventListener("turbo:render", this.again);
  }

  pick(event) {
    this.show(event.currentTarget);
  }

  show(input) {
    const prompt = input.dataset.revealPromptParam;
    for (const place of this.promptTargets) {
      const target = place.matches("input, textarea") ? place : (place.querySelector("textarea") ?? place.querySelector("input:not([type=hidden])"));
      if (!target) continue;
      target.dataset.revealDefault ??= target.getAttribute("placeholder") ?? "";
      target.setAttribute("placeholder", prompt || target.dataset.revealDefault);
      target.dispatchEvent(new CustomEvent("llmio:placeholder", { bubbles: true }));
    }
    for (const part of this.partTargets) part.hidden = !(part.dataset.revealWhen ?? "").split(" ").includes(input.value);
  }
}
