// A part of the page that follows what others do: fetched again when records of its interest arrive, without moving
// what one is reading.
import { Controller } from "@hotwired/stimulus";
import { renderStreamMessage } from "@hotwired/turbo";
import { icon } from "./icon.js";
import { word } from "./words.js";

const STREAM = "text/vnd.turbo-stream.html";

export function concerns(records, interests) {
  return interests.some(([root, id]) =>
    Object.entries(records).some(([name, rows]) =>
      Array.isArray(rows) && rows.some((row) => (name === `${root}s` && String(row.id) === id) || String(row[`${root}_id`] ?? "") === id)));
}

export default class extends Controller {
  static values = { on: String, url: String };

  connect() {
    this.heard = ({ detail }) => {
      // What was deleted cannot be fetched again: it goes at once.
      for (const one of detail?.records?.events ?? []) if (one.destroyed) document.getElementById(`item-${one.id}`)?.remove();
      if (concerns(detail?.records ?? {}, this.interests)) this.soon();
    };
    this.again = () => this.soon();
    addEventListener("llmio:records", this.heard);
    addEventListener("llmio:reconnected", this.again);
  }

  disconnect() {
    clearTimeout(this.timer);
    removeEventListener("llmio:records", this.heard);
    removeEventListener("llmio:reconnected", this.again);
  }

  get interests() {
    return this.onValue.split(" ").filter(Boolean).map((one) => one.split(":"));
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), 120);
  }

  async refresh() {
    if (this.running) return (this.missed = true);
    this.running = true;
    try {
      await this.fetch();
    } finally {
      this.running = false;
      if (this.missed) {
        this.missed = false;
        // A stream may have put another element in this one's place: the next fetch is then its.
        if (this.element.isConnected) this.soon();
        else dispatchEvent(new CustomEvent("llmio:reconnected"));
      }
    }
  }

  async fetch() {
    const own = !this.urlValue;
    const headers = { Accept: own ? "text/html" : `${STREAM}, text/html` };
    // Where nobody can be reached, the live channel is away as well, and when it is back, all is fetched again.
    const response = await fetch(own ? location.href : this.urlValue, { headers, credentials: "same-origin" }).catch(() => null);
    if (!response?.ok || !this.element.isConnected) return;
    const text = await response.text();
    const message = (response.headers.get("Content-Type") ?? "").startsWith(STREAM) ? fresh(text) : this.fromPage(text);
    if (!message) return;
    const known = this.ids();
    const hold = anchor();
    await renderStreamMessage(message);
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    hold();
    this.tell(known);
  }

  // The part of a whole page that has our id, as a morphing replacement.
  fromPage(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    const part = page.getElementById(this.element.id);
    return part && `<turbo-stream action="replace" method="morph" target="${CSS.escape(this.element.id)}"><template>${part.outerHTML}</template></turbo-stream>`;
  }

  ids() {
    return new Set([...document.querySelectorAll("article.comment[id]")].map((one) => one.id));
  }

  // Something new below the edge of the screen: say so, and bring one there if asked.
  tell(known) {
    const fresh = [...document.querySelectorAll("article.comment[id]")].filter((one) => !known.has(one.id) && one.getBoundingClientRect().top > innerHeight);
    if (!fresh.length) return;
    document.querySelector(".news-button")?.remove();
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-primary btn-sm news-button";
    button.append(icon("arrow-down"), word("news"));
    button.addEventListener("click", () => {
      button.remove();
      fresh[0].scrollIntoView({ block: "center" });
      fresh[0].setAttribute("tabindex", "-1");
      fresh[0].focus({ preventScroll: true });
    });
    const seen = new IntersectionObserver((entries) => entries.some((one) => one.isIntersecting) && (button.remove(), seen.disconnect()));
    seen.observe(fresh[0]);
    document.body.append(button);
  }
}

// Without the items that are here already, such as what one just wrote oneself: adding them again would close the answer
// that somebody has begun below one. What is shown anew is changed where it differs and not exchanged, so that a menu
// that is open in it stays open, and the focus where it is (see morph.js).
function fresh(text) {
  const holder = document.createElement("template");
  holder.innerHTML = text;
  for (const stream of holder.content.querySelectorAll('turbo-stream[action="replace"]')) {
    const target = document.getElementById(stream.target ?? stream.getAttribute("target"));
    if (target?.matches("article, :focus") || target?.querySelector("details[open], :focus")) stream.setAttribute("method", "morph");
  }
  for (const stream of holder.content.querySelectorAll('turbo-stream:is([action="append"], [action="prepend"], [action="after"], [action="before"])')) {
    const id = stream.querySelector("template")?.content.firstElementChild?.id;
    if (id && document.getElementById(id)) stream.remove();
  }
  return holder.innerHTML;
}

// Remember where the first readable thing stands, and put it back there.
function anchor() {
  const all = [...document.querySelectorAll("main [id]")];
  const held = document.activeElement?.closest?.("main form") ?? all.find((one) => {
    const { top, bottom, height } = one.getBoundingClientRect();
    return height > 0 && height < innerHeight && top >= 56 && bottom > 56;
  });
  const before = held?.getBoundingClientRect().top;
  return () => {
    if (!held?.isConnected) return;
    const moved = held.getBoundingClientRect().top - before;
    if (Math.abs(moved) > 1 && scrollY > 0) scrollBy({ top: moved, behavior: "instant" });
  };
}
