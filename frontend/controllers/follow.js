// A frame that is fetched again every few seconds until it says that it has come to its end.
import { Controller } from "@hotwired/stimulus";

export default class extends Controller {
  static targets = ["ended"];
  static values = { url: String, seconds: { type: Number, default: 2 } };

  connect() {
    this.wait();
  }

  disconnect() {
    clearTimeout(this.timer);
  }

  endedTargetConnected() {
    this.over = true;
    clearTimeout(this.timer);
  }

  wait() {
    if (!this.over && this.element.isConnected) this.timer = setTimeout(() => this.look(), this.secondsValue * 1000);
  }

  async look() {
    if (!document.hidden) {
      try {
        await (this.element.src ? this.element.reload() : this.first());
      } catch {
        // The server may be away for a moment; the next look will tell.
      }
    }
    this.wait();
  }

  first() {
    this.element.src = this.urlValue;
    return this.element.loaded;
  }
}
