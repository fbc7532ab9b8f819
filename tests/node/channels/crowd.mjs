// Many browsers in one process: connects, says so, counts what comes and how late, tells all of it at the end of its input.
// Arguments: address, number of clients, token, origin.
import { io } from "socket.io-client";

const [address, number, token, origin] = process.argv.slice(2);
const delays = [];
const sockets = [];
let connected = 0;
let broken = 0;
const now = () => performance.timeOrigin + performance.now();

const join = () =>
  new Promise((done) => {
    const socket = io(address, {
      query: { channel_token: token },
      transports: ["websocket"],
      extraHeaders: { Origin: origin },
      forceNew: true,
      reconnection: false,
    });
    socket.on("connect", () => {
      connected += 1;
      done();
    });
    socket.on("connect_error", (error) => {
      broken += 1;
      console.error(String(error));
      done();
    });
    socket.on("disconnect", () => (broken += 1));
    socket.on("records", (message) => delays.push(now() - message.records.at[0].ms));
    sockets.push(socket);
  });

for (let at = 0; at < Number(number); at += 50) {
  await Promise.all(Array.from({ length: Math.min(50, Number(number) - at) }, join));
}
console.log(JSON.stringify({ connected }));

const report = () => {
  delays.sort((one, other) => one - other);
  const share = (part) => delays[Math.min(delays.length - 1, Math.floor(delays.length * part))] ?? null;
  console.log(JSON.stringify({ got: delays.length, broken, median: share(0.5), p95: share(0.95), worst: share(1) }));
  delays.length = 0;
};
// A line "count" tells how much has come; "report" tells all and begins anew; the end of the input ends it.
for await (const chunk of process.stdin) {
  for (const line of String(chunk).trim().split("\n")) {
    if (line === "count") console.log(JSON.stringify({ got: delays.length }));
    if (line === "report") report();
  }
}
process.exit(0);
