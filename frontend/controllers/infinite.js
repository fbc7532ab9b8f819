// The next page of a list, fetched into its frame when one comes near its end.
import { Controller } from "@hotwired/stimulus";

export default class extends Controller {
  static targets = ["link"];

  linkTargetConnected(link) {
    this.observer = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && this.load(link), { rootMargin: "600px 0px" });
    this.observer.observe(link);
  }

  linkTargetDisconnected() {
    this.observer?.disconnect();
  }

  load(link) {
    this.observer.disconnect();
    if (link.closest("turbo-frame") === this.element && !this.element.hasAttribute("src")) this.element.src = link.href;
  }
}
