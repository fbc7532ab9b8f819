// The picture that was chosen is shown before it is sent.
import { Controller } from "@hotwired/stimulus";

export default class extends Controller {
  static targets = ["place"];

  disconnect() {
    URL.revokeObjectURL(this.url);
  }

  show({ target }) {
    const file = target.files?.[0];
    if (!file?.type.startsWith("image/")) return;
    URL.revokeObjectURL(this.url);
    this.url = URL.createObjectURL(file);
    this.placeTarget.replaceChildren(Object.assign(new Image(), { className: "avatar avatar-xl", src: this.url, alt: "" }));
  }
}
