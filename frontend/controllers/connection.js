// A form that did not reach the site says so; nothing on the page is lost, and it can be sent again.
import { icon } from "./icon.js";
import { word } from "./words.js";

document.addEventListener("turbo:fetch-request-error", ({ target }) => {
  const place = document.getElementById("flashes");
  if (!(target instanceof HTMLFormElement) || !place) return;
  document.getElementById("not-sent")?.remove();
  const text = Object.assign(document.createElement("span"), { className: "flash-text", textContent: word("not_sent") });
  const close = Object.assign(document.createElement("button"), { className: "btn-close-plain", type: "button", ariaLabel: word("close_message") });
  close.dataset.action = "flash#close";
  close.append(icon("x-lg", "icon icon-sm"));
  const line = Object.assign(document.createElement("div"), { id: "not-sent", className: "flash flash-danger" });
  line.dataset.controller = "flash";
  line.dataset.flashStayValue = "true";
  line.append(icon("exclamation-octagon-fill"), text, close);
  place.append(line);
});

// Sent again, it is under way.
document.addEventListener("turbo:submit-start", () => document.getElementById("not-sent")?.remove());

// A part of the page whose form was refused as a whole (by a form that came too late, say): the answer is shown as a page.
document.addEventListener("turbo:frame-missing", (event) => {
  if (event.detail.response.ok) return;
  event.preventDefault();
  event.detail.visit(event.detail.response);
});
