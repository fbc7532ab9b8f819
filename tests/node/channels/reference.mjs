// A channel server of the reference's kind, in a few lines on npm's socket.io: what `llmio channels` does, the tests
// ask of this one, too. So either can stand in the other's place.
import { createServer } from "node:http";
import { createClient } from "redis";
import { Server } from "socket.io";

const http = createServer((_request, response) => response.end("ok"));
const io = new Server(http, {
  cors: { origin: process.env.PUBLIC_APP_URL },
  connectionStateRecovery: { maxDisconnectionDuration: 30 * 60 * 1000 },
});
const store = createClient({ url: process.env.REDIS_URL });
const hearing = store.duplicate();
for (const one of [store, hearing]) one.on("error", () => {});
await Promise.all([store.connect(), hearing.connect()]);

io.on("connection", async (socket) => {
  socket.join("notice");
  const token = socket.handshake.query.channel_token;
  const found = token && (await store.get(`/current_users/${token}`));
  if (!found) return;
  const person = JSON.parse(found);
  socket.join([`user-${person.id}`, ...person.group_ids.map((id) => `group-${id}`)]);
});

await hearing.subscribe("/records", (text) => {
  const message = JSON.parse(text);
  io.to(message.room).emit("records", message);
});
await hearing.subscribe("/system_notice", (text) => io.to("notice").emit("notice", JSON.parse(text)));
http.listen(Number(process.env.CHANNELS_PORT), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
