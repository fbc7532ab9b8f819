// Real providers, driven by lines of JSON: {id, act, who, …} on stdin, {id, value} or {id, error} on stdout.
import { createInterface } from "node:readline";
import { HocuspocusProvider as Provider3 } from "@hocuspocus/provider";
import { HocuspocusProvider as Provider4 } from "provider-4";
import WebSocket from "ws";
import * as Y from "yjs";

const clients = new Map();

// Browsers end a connection that is not open yet in silence; this library raises, when nobody listens any more.
class Socket extends WebSocket {
  constructor(...all) {
    super(...all);
    this.on("error", () => {});
  }
}
const versions = { 3: Provider3, 4: Provider4 };

function until(condition, seconds, what) {
  return new Promise((resolve, reject) => {
    const began = Date.now();
    const look = () => {
      const value = condition();
      if (value) resolve(value);
      else if (Date.now() - began > seconds * 1000) reject(new Error(`still not: ${what()}`));
      else setTimeout(look, 5);
    };
    look();
  });
}

class Client {
  constructor({ url, name, token, version = 3, sessions = false }) {
    const Provider = versions[version];
    this.events = [];
    this.codes = [];
    this.doc = new Y.Doc();
    this.text = this.doc.getText("t");
    this.token = token;
    this.provider = new Provider({
      url,
      WebSocketPolyfill: Socket,
      delay: 50,
      minDelay: 50,
      maxDelay: 200,
      jitter: false,
      name,
      document: this.doc,
      token: () => this.token,
      ...(version === 4 ? { sessionAwareness: sessions } : {}),
      onAuthenticated: ({ scope }) => this.events.push(`in ${scope}`),
      onAuthenticationFailed: ({ reason }) => this.events.push(`refused ${reason}`),
      onStateless: ({ payload }) => this.events.push(`heard ${payload}`),
      onClose: ({ event }) => this.events.push(`closed ${event.reason}`),
    });
    this.socket = this.provider.configuration.websocketProvider;
    this.socket.on("close", ({ event }) => this.codes.push(event.code));
  }
}

const acts = {
  open: ({ who, ...how }) => void clients.set(who, new Client(how)),
  type: ({ who, text, at }) => {
    const { text: field } = clients.get(who);
    field.insert(at ?? field.length, text);
  },
  erase: ({ who, at, length }) => clients.get(who).text.delete(at, length),
  read: ({ who }) => clients.get(who).text.toString(),
  synced: ({ who, seconds = 180 }) =>
    until(() => clients.get(who).provider.synced && !clients.get(who).provider.hasUnsyncedChanges, seconds, () => `synced (${clients.get(who).provider.unsyncedChanges} changes are not)`).then(() => true),
  reads: ({ who, text, seconds = 180 }) => until(() => clients.get(who).text.toString() === text, seconds, () => `${text}, but ${clients.get(who).text}`).then(() => true),
  hears: ({ who, event, seconds = 180 }) => until(() => clients.get(who).events.includes(event), seconds, () => `${event} in ${clients.get(who).events}`).then(() => true),
  events: ({ who }) => clients.get(who).events,
  closedWith: ({ who, code, seconds = 180 }) => until(() => clients.get(who).codes.includes(code), seconds, () => `${code} in ${clients.get(who).codes}`).then(() => true),
  unsynced: ({ who }) => clients.get(who).provider.unsyncedChanges,
  offline: ({ who }) => clients.get(who).socket.disconnect(),
  online: ({ who }) => void clients.get(who).socket.connect(),
  present: ({ who, user }) => clients.get(who).provider.setAwarenessField("user", user),
  others: ({ who }) => others(clients.get(who)),
  sees: ({ who, names, seconds = 180 }) => until(() => JSON.stringify(others(clients.get(who))) === JSON.stringify(names), seconds, () => `${names}, but ${others(clients.get(who))}`).then(() => true),
  // Providers only receive these; a server's program, or anyone, may send them.
  broadcast: ({ who, text }) => clients.get(who).socket.send(frame(clients.get(who).provider.configuration.name, 6, text)),
  token: ({ who, token }) => {
    const client = clients.get(who);
    client.token = token;
    return client.provider.sendToken();
  },
  leave: ({ who }) => {
    const client = clients.get(who);
    client.provider.destroy();
    clients.delete(who);
  },
};

const others = ({ provider, doc }) =>
  [...provider.awareness.getStates()].filter(([id]) => id !== doc.clientID).map(([, state]) => state.user).filter(Boolean).sort();

function frame(name, kind, text) {
  const string = (value) => [value.length, ...new TextEncoder().encode(value)];
  return new Uint8Array([...string(name), kind, ...string(text)]);
}

const lines = createInterface({ input: process.stdin });
lines.on("line", async (line) => {
  const { id, act, ...how } = JSON.parse(line);
  try {
    process.stdout.write(`${JSON.stringify({ id, value: (await acts[act](how)) ?? null })}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ id, error: error.message })}\n`);
  }
});
lines.on("close", () => process.exit(0));
process.on("unhandledRejection", (error) => console.error(error));
