// The live channel: one connection a page, from GET /live/session {url, token, known}. What others do arrives as `records`
// ({room, records: {comments: […], …}}) and is passed on as the event "llmio:records".
import { Controller } from "@hotwired/stimulus";

let connection;

async function ask(session) {
  const response = await fetch(session, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!response.ok) throw new Error(`live session: ${response.status}`);
  return response.json();
}

async function open(session) {
  const { url, token } = await ask(session);
  if (!url) return null;
  const { io } = await import("socket.io-client");
  const query = { channel_token: token };
  const socket = io(url, { query, transports: ["websocket", "polling"] });
  let before = false;
  // After a break, what was missed is fetched, unless the server could replay it. Asking tells it again who we are: where it
  // did not know that any more, this connection hears nothing, and the next one does.
  const resume = async () => {
    const now = await ask(session).catch(() => null);
    if (now?.url && (!now.known || now.token !== query.channel_token)) {
      query.channel_token = socket.io.opts.query.channel_token = now.token;
      socket.disconnect().connect();
    } else dispatchEvent(new CustomEvent("llmio:reconnected"));
  };
  socket.on("connect", () => {
    document.documentElement.dataset.live = "on";
    if (before && !socket.recovered) resume();
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
