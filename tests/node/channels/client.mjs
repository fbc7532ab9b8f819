// A browser, driven line by line (JSON): {do: "open" | "drop" | "close" | "end", …}; tells what happens to it, one line each.
import { io } from "socket.io-client";

const tell = (what) => console.log(JSON.stringify(what));
let socket;

const acts = {
  open({ address, token = "", origin, transports = ["websocket"] }) {
    socket = io(address, {
      query: { channel_token: token },
      transports,
      extraHeaders: { Origin: origin },
      reconnectionDelay: 20,
      reconnectionDelayMax: 100,
      forceNew: true,
    });
    socket.on("connect", () =>
      tell({ it: "connected", recovered: socket.recovered, transport: socket.io.engine.transport.name }),
    );
    socket.io.engine.on("upgrade", (transport) => tell({ it: "upgraded", transport: transport.name }));
    socket.on("disconnect", (reason) => tell({ it: "disconnected", reason }));
    socket.on("connect_error", (error) => tell({ it: "refused", error: String(error.message) }));
    for (const event of ["records", "notice"]) socket.on(event, (data) => tell({ it: event, data }));
  },
  // The connection breaks, as on a train; reconnection waits for "come back".
  drop() {
    socket.io.reconnection(false);
    socket.io.engine.close();
  },
  back() {
    socket.io.reconnection(true);
    socket.connect();
  },
  close() {
    socket.disconnect();
    tell({ it: "closed" });
  },
  end() {
    process.exit(0);
  },
};

let rest = "";
process.stdin.on("data", (chunk) => {
  const lines = (rest + chunk).split("\n");
  rest = lines.pop();
  for (const line of lines) {
    const { do: act, ...how } = JSON.parse(line);
    acts[act](how);
  }
});
process.stdin.on("end", () => process.exit(0));
tell({ it: "ready" });
