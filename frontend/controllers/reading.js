// What of a thread has been on the screen long enough to be read; sent in batches as ranges ("3-5,8").
import { Controller } from "@hotwired/stimulus";
import { csrf } from "./csrf.js";

const LONG_ENOUGH = 900;
const BATCH = 2500;

export function ranges(numbers) {
  const out = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = out.at(-1);
    if (last && number <= last[1] + 1) last[1] = number;
    else out.push([number, number]);
  }
  return out.map(([from, to]) => `${from}-${to}`).join(",");
}

export default class extends Controller {
  static targets = ["item"];
  static values = { url: String, first: Boolean };

  initialize() {
    this.seen = new Set();
    this.waiting = new Map();
    this.observer = new IntersectionObserver((entries) => entries.forEach((one) => this.look(one)), { threshold: [0, 0.5, 1] });
  }

  connect() {
    // Opening a thread for the first time is news even where nothing was said in it yet.
    this.opened = this.firstValue;
    if (this.opened) this.timer = setTimeout(() => this.send(), BATCH);
    this.leave = () => document.visibilityState === "hidden" && this.send();
    document.addEventListener("visibilitychange", this.leave);
    document.addEventListener("turbo:before-visit", (this.visit = () => this.send()));
  }

  disconnect() {
    document.removeEventListener("visibilitychange", this.leave);
    document.removeEventListener("turbo:before-visit", this.visit);
    this.waiting.forEach(clearTimeout);
    this.waiting.clear();
    this.observer.disconnect();
    this.send();
  }

  itemTargetConnected(item) {
    this.observer.observe(item);
  }

  itemTargetDisconnected(item) {
    this.observer.unobserve(item);
    clearTimeout(this.waiting.get(item));
    this.waiting.delete(item);
  }

  // Half of it on the screen, or its end: a long text is never wholly to be seen.
  look({ target, isIntersecting, intersectionRatio, boundingClientRect }) {
    const enough = isIntersecting && (intersectionRatio >= 0.5 || boundingClientRect.bottom <= innerHeight);
    if (!enough) {
      clearTimeout(this.waiting.get(target));
      this.waiting.delete(target);
    } else if (!this.waiting.has(target)) {
      this.waiting.set(target, setTimeout(() => this.read(target), LONG_ENOUGH));
    }
  }

  read(item) {
    this.waiting.delete(item);
    this.observer.unobserve(item);
    if (document.visibilityState === "hidden") return this.observer.observe(item);
    this.seen.add(Number(item.dataset.sequenceId));
    this.timer ??= setTimeout(() => this.send(), BATCH);
  }

  send() {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.seen.size && !this.opened) return;
    this.opened = false;
    const body = new URLSearchParams({ ranges: ranges(this.seen) });
    this.seen.clear();
    const headers = { "X-CSRF-Token": csrf(), Accept: "application/json" };
    // What could not be sent is read again at the next visit; nothing to tell anyone.
    fetch(this.urlValue, { method: "POST", body, headers, keepalive: true, credentials: "same-origin" }).catch(() => {});
  }
}
