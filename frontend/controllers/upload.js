// Files go up as soon as they are picked, dropped or pasted: progress, cancel, retry. The form then carries their ids as
// `attachments`, and waits for what is still on its way. What the server would refuse for its size is not sent at all: a
// server that refuses early ends the connection, and then the browser often never reads why.
import { Controller } from "@hotwired/stimulus";
import { csrf } from "./csrf.js";
import { icon } from "./icon.js";
import { word } from "./words.js";

// Files of a text that was not sent yet come back with it (see draft.js), as long as the site keeps what belongs to nothing.
const AGE = 36 * 3_600_000;
const prefix = "llmio.files.";

// Why a file need not be sent: a key of the words, or nothing.
export function refusal(size, limit) {
  if (size === 0) return "empty_file";
  return limit > 0 && size > limit ? "over_limit" : undefined;
}

function limit() {
  return Number(document.querySelector('meta[name="upload-limit"]')?.content ?? 0);
}

export default class extends Controller {
  static targets = ["input", "list"];
  static values = { url: { type: String, default: "/files" } };

  connect() {
    this.busy = new Set();
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    this.form = this.element.closest("form");
    this.form?.addEventListener("submit", (event) => this.hold(event), { signal, capture: true });
    // What is on its way would be lost with the page.
    window.addEventListener("beforeunload", (event) => this.busy.size && event.preventDefault(), { signal });
    document.addEventListener("turbo:before-visit", (event) => this.leave(event), { signal });
    for (const name of ["dragover", "dragleave", "drop"]) this.element.addEventListener(name, (event) => this.drag(event), { signal });
    for (const item of this.listTarget.querySelectorAll(".upload.is-done")) this.done(item);
    const { editorDraftValue } = this.element.dataset;
    if (!editorDraftValue) return;
    this.key = prefix + editorDraftValue;
    this.bringBack();
    this.form?.addEventListener("turbo:submit-end", ({ detail }) => detail.success && this.keep([]), { signal });
  }

  bringBack() {
    for (const { id, name, at } of this.kept()) {
      const there = [...this.form.querySelectorAll('input[name="attachments"]')].some((field) => field.value === String(id));
      if (!there && Date.now() - at < AGE) this.finish(this.item({ name }), { id }, { attach: true, at });
    }
  }

  kept() {
    try {
      return JSON.parse(localStorage.getItem(this.key)) ?? [];
    } catch {
      return [];
    }
  }

  keep(files) {
    if (!this.key) return;
    try {
      if (files.length) localStorage.setItem(this.key, JSON.stringify(files));
      else localStorage.removeItem(this.key);
    } catch {
      // A full or closed store must not keep anyone from sending files.
    }
  }

  remember() {
    const fields = [...this.listTarget.querySelectorAll("input[data-at]")];
    this.keep(fields.map((field) => ({ id: field.value, name: field.dataset.name, at: Number(field.dataset.at) })));
  }

  disconnect() {
    this.listeners.abort();
    for (const request of this.busy) request.abort();
  }

  pick() {
    this.add(this.inputTarget.files);
    this.inputTarget.value = "";
  }

  drag(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.element.classList.toggle("is-dropping", event.type === "dragover");
    if (event.type === "drop" && !event.defaultHandled) this.add(event.dataTransfer.files);
  }

  // A refresh of the same page leaves it here.
  leave(event) {
    if (!this.busy.size || event.detail.url.split("#")[0] === location.href.split("#")[0]) return;
    if (!confirm(word("leave_upload"))) event.preventDefault();
  }

  hold(event) {
    if (!this.busy.size) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.waiting = event.submitter;
    this.held = true;
    for (const note of this.listTarget.querySelectorAll(".upload:not(.is-done, .is-failed) .upload-note")) note.textContent = word("sent_after_upload");
  }

  // Whoever sent the form sent it with this file: it waits for them again.
  release() {
    this.held = false;
    for (const note of this.listTarget.querySelectorAll(".upload:not(.is-done, .is-failed) .upload-note")) note.textContent = "";
  }

  add(files, { attach = true, then } = {}) {
    for (const file of files) this.send(file, { attach, then });
  }

  send(file, options) {
    const item = this.item(file);
    const refused = refusal(file.size, limit());
    if (refused) return this.refuse(item, word(refused));
    const request = new XMLHttpRequest();
    this.busy.add(request);
    const over = () => {
      this.busy.delete(request);
      if (this.held && !this.busy.size) {
        this.held = false;
        this.form.requestSubmit(this.waiting);
      }
    };
    request.upload.addEventListener("progress", ({ loaded, total }) => item.bar && (item.bar.value = loaded / total));
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) this.finish(item, JSON.parse(request.responseText), options);
      else this.fail(item, file, options, this.reason(request));
      over();
    });
    request.addEventListener("error", () => (this.fail(item, file, options, word(navigator.onLine ? "broken_off" : "offline")), over()));
    request.addEventListener("abort", over);
    this.offer(item.acts, this.button("x-lg", word("cancel"), () => (request.abort(), this.drop(item.row))));
    const body = new FormData();
    body.append("file", file, file.name);
    request.open("POST", this.urlValue);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRF-Token", csrf());
    request.send(body);
    return item.row;
  }

  reason(request) {
    try {
      return JSON.parse(request.responseText).error || word("upload_failed");
    } catch {
      return word(request.status === 413 ? "too_large" : "upload_failed");
    }
  }

  finish(item, saved, { attach, then, at = Date.now() }) {
    if (then) {
      item.row.remove();
      return then(saved);
    }
    item.row.classList.add("is-done");
    item.bar?.remove();
    item.note.remove();
    if (attach) {
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name: "attachments", value: saved.signed_id ?? saved.id });
      Object.assign(field.dataset, { at, name: item.row.querySelector(".upload-name").textContent });
      item.row.append(field);
      this.remember();
    }
    this.done(item.row);
    this.dispatch("done", { detail: saved });
  }

  fail(item, file, options, reason) {
    const again = this.button("arrow-clockwise", word("retry"), () => {
      item.row.remove();
      this.send(file, options).querySelector("button")?.focus();
    });
    this.refuse(item, reason);
    item.acts.prepend(again);
    if (this.held) again.focus();
    this.release();
  }

  // Said beside the file, where trying again is no use.
  refuse(item, reason) {
    item.row.classList.add("is-failed");
    item.bar?.remove();
    item.note.textContent = reason;
    this.offer(item.acts, this.button("x-lg", word("remove"), () => this.drop(item.row)));
    return item.row;
  }

  // A button in the place of another; the focus stays there.
  offer(acts, button) {
    const here = acts.contains(document.activeElement);
    acts.replaceChildren(button);
    if (here) button.focus();
  }

  // A line goes; the focus, if it was there, goes to the next line, or to where files are chosen.
  drop(row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    const here = row.contains(document.activeElement);
    row.remove();
    if (here) (next?.querySelector("button") ?? this.chooser())?.focus();
  }

  chooser() {
    return this.hasInputTarget ? this.inputTarget : this.element.querySelector("[data-act=attach]");
  }

  done(row) {
    const acts = row.querySelector(".upload-acts") ?? row.appendChild(Object.assign(document.createElement("span"), { className: "upload-acts" }));
    this.offer(acts, this.button("x-lg", word("remove"), () => (this.drop(row), this.remember())));
  }

  item(file) {
    const row = Object.assign(document.createElement("li"), { className: "upload" });
    const name = Object.assign(document.createElement("span"), { className: "upload-name", textContent: file.name, dir: "auto" });
    const note = Object.assign(document.createElement("span"), { className: "upload-note" });
    const acts = Object.assign(document.createElement("span"), { className: "upload-acts" });
    const bar = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
    bar.setAttribute("aria-label", word("uploading", { name: file.name }));
    row.append(icon("paperclip"), name, note, acts, bar);
    this.listTarget.append(row);
    return { row, note, acts, bar };
  }

  button(sign, label, act) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "btn-close-plain", title: label });
    button.setAttribute("aria-label", label);
    button.append(icon(sign));
    button.addEventListener("click", act);
    return button;
  }
}
