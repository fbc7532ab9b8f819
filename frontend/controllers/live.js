// The live channel: one connection a page, from GET /live/session {url, token}. What others do arrives as `records`
// ({room, records: {comments: […], …}}) and is passed on as the event "llmio:records".
import { Controller } from "@hotwired/stimulus";

let connection;

async function open(session) {
  const response = await fetch(session, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!response.ok) throw new Error(`live session: ${response.status}`);
  const { url, token } = await response.json();
  if (!url) return null;
  const { io } = await import("socket.io-client");
  const socket = io(url, { query: { channel_token: token }, transports: ["websocket", "polling"] });
  let before = false;
  socket.on("connect", () => {
    document.documentElement.dataset.live = "on";
    // After a break, what was missed is fetched, unless the server could replay it.
    if (before && !socket.recovered) dispatchEvent(new CustomEvent("llmio:reconnected"));
    before = true;
  });
  socket.on("disconnect", () => (document.documentElement.dataset.live = "off"));
  socket.on("records", (data) => dispatchEvent(new CustomEvent("llmio:records", { detail: data })));
  socket.on("notice", (data) => dispatchEvent(new CustomEvent("llmio:notice", { detail: data })));
  return socket;
}

export default class extends Controller {
  static values = { session: String };

  connect() {
    if (this.sessionValue) this.start();
    else this.stop();
  }

  start() {
    connection ??= open(this.sessionValue).catch(() => {
      // No channel, no harm: pages work without; the next page tries again.
      connection = undefined;
      return null;
    });
  }

  async stop() {
    const socket = await connection;
    socket?.disconnect();
    connection = undefined;
  }
}
