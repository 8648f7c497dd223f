// The peer: durable messages between two people with socket.io and pg, as they are commonly written.
// A pool of ten connections; one transaction for each message, which checks that its sender takes part, takes the
// next place and stores it; acknowledged after the commit, then told to both people's rooms.
// It has no tokens, no retries by clientId, no event log and no unread counts, which the service has.
import { createServer } from "node:http";
import pg from "pg";
import { Server } from "socket.io";

const pool = new pg.Pool({ max: 10 }); // PGHOST, PGUSER and PGDATABASE say where
await pool.query(`
  CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, buyer TEXT NOT NULL, seller TEXT NOT NULL, last_seq BIGINT NOT NULL DEFAULT 0
  ) WITH (fillfactor = 70);
  CREATE TABLE IF NOT EXISTS messages (
    conversation TEXT NOT NULL REFERENCES conversations, seq BIGINT NOT NULL, client_id UUID NOT NULL,
    sender TEXT NOT NULL, body TEXT NOT NULL, created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (conversation, seq)
  )`);

// Named, so that each connection prepares them once.
const NEXT = {
  name: "next",
  text: `UPDATE conversations SET last_seq = last_seq + 1 WHERE id = $1 AND $2 IN (buyer, seller)
         RETURNING last_seq, buyer, seller`,
};
const STORE = {
  name: "store",
  text: `INSERT INTO messages (conversation, seq, client_id, sender, body) VALUES ($1, $2, $3, $4, $5)
         RETURNING created_at`,
};

async function store(person, { conversationId, clientId, content }) {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const next = await client.query({ ...NEXT, values: [conversationId, person] });
    if (next.rowCount === 0) throw new Error("not found");
    const { last_seq: seq, buyer, seller } = next.rows[0];
    const stored = await client.query({ ...STORE, values: [conversationId, seq, clientId, person, content.text] });
    await client.query("COMMIT");
    const createdAt = stored.rows[0].created_at;
    return { message: { conversationId, seq: Number(seq), clientId, senderId: person, content, createdAt }, buyer, seller };
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}

const http = createServer();
const io = new Server(http, { transports: ["websocket"] });
io.on("connection", (socket) => {
  const { person } = socket.handshake.auth;
  socket.join(`person:${person}`);
  socket.on("message.send", async (sent, acknowledge) => {
    try {
      const { message, buyer, seller } = await store(person, sent);
      acknowledge({ ok: true, message });
      io.to(`person:${buyer}`).to(`person:${seller}`).emit("message.created", message);
    } catch (error) {
      acknowledge({ error: error.message });
    }
  });
});
http.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${http.address().port}`));
process.on("SIGTERM", () => process.exit(0));
