// The reference's way: npm `@hocuspocus/server`, whose authentication hook posts to the site. `node server.mjs PORT SITE`.
import { Server } from "@hocuspocus/server";

const [port, site] = process.argv.slice(2);
const server = new Server({
  port: Number(port),
  address: "127.0.0.1",
  quiet: true,
  timeout: 30_000,
  debounce: 5_000,
  maxDebounce: 30_000,
  async onAuthenticate({ token, documentName }) {
    const answer = await fetch(`${site}/api/hocuspocus`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user_secret: token, document_name: documentName }),
    });
    if (answer.status !== 200) throw new Error("not allowed");
  },
});
await server.listen();
console.log("ready");
