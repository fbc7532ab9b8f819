// Times in the reader's own zone; relative ones go on as time passes.
import { Controller } from "@hotwired/stimulus";
import { language } from "./words.js";

const STEPS = [["minute", 60], ["hour", 3600], ["day", 86400], ["month", 2629800]];
const DAY = 86_400_000;
const shown = new Set();
const formats = {};

const format = (name, options) => (formats[name] ??= new Intl.DateTimeFormat(language(), options));
const exact = (date) => format("exact", { dateStyle: "full", timeStyle: "short" }).format(date);
const date = (moment) => format("date", { day: "numeric", month: "short", year: "numeric" }).format(moment);
const datetime = (moment) => format("datetime", { day: "numeric", month: "short", year: "numeric", hour: "numeric", minute: "2-digit" }).format(moment);

function relative(moment, now = Date.now()) {
  const seconds = (moment - now) / 1000;
  const far = Math.abs(seconds);
  formats.relative ??= new Intl.RelativeTimeFormat(language(), { numeric: "auto" });
  if (far < 45) return formats.relative.format(0, "second");
  const [unit, size] = STEPS.findLast(([, least]) => far >= least * 0.75) ?? STEPS[0];
  return formats.relative.format(Math.round(seconds / size), unit);
}

setInterval(() => shown.forEach((one) => one.show()), 30_000);
document.addEventListener("turbo:morph", () => shown.forEach((one) => one.show()));
document.addEventListener("turbo:render", () => shown.forEach((one) => one.show()));

export default class extends Controller {
  static values = { mode: { type: String, default: "relative" } };

  connect() {
    shown.add(this);
    this.show();
  }

  disconnect() {
    shown.delete(this);
  }

  show() {
    const moment = new Date(this.element.dateTime);
    if (Number.isNaN(moment.getTime())) return;
    const text = this.text(moment);
    if (this.element.textContent !== text) this.element.textContent = text;
    this.element.title = exact(moment);
  }

  text(moment) {
    const away = moment - Date.now();
    if (this.modeValue === "date") return date(moment);
    if (this.modeValue === "datetime") return datetime(moment);
    if (this.modeValue === "deadline") this.element.classList.toggle("is-urgent", away > 0 && away < DAY);
    return Math.abs(away) > 30 * DAY ? date(moment) : relative(moment);
  }
}
