// The groups at the side on small screens.
import { Controller } from "@hotwired/stimulus";

export default class extends Controller {
  connect() {
    if (this.element.id !== "sidebar") return;
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.close(event), { signal });
    document.addEventListener("turbo:before-cache", () => this.sidebar.classList.remove("is-open"), { signal });
    if (location.hash === "#sidebar") history.replaceState(history.state, "", location.pathname + location.search);
  }

  disconnect() {
    this.listeners?.abort();
  }

  get sidebar() {
    return document.getElementById("sidebar");
  }

  open(event) {
    event.preventDefault();
    this.sidebar.classList.add("is-open");
    this.sidebar.dataset.opener = event.currentTarget.className;
    this.sidebar.querySelector("a[href]:not(.sidebar-close)")?.focus();
  }

  close(event) {
    if (!this.sidebar?.classList.contains("is-open")) return;
    event.preventDefault();
    this.sidebar.classList.remove("is-open");
    [...document.querySelectorAll('a[href="#sidebar"]')].find((one) => one.checkVisibility?.())?.focus();
  }
}
