// Socket.IO 4 publishing to one room: WebSockets only, nothing compressed, and the frame encoded
// once for the whole room, which Socket.IO's own adapter sees to. A client that connects to the
// namespace (`40`) is told the current version (`42["drop.snapshot",{...}]`), and every frame comes
// as `42["drop.stock",{...}]`.

import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { listen, takePublishCommands } from './publish-commands.mjs';

const ROOM = 'drop';
/**
 * The load answers WebSocket's pings and not Socket.IO's own, so the server is spared them for as
 * long as a bench takes.
 */
const PING_INTERVAL_MS = 24 * 3_600_000;

const server = createServer();
const io = new Server(server, {
  transports: ['websocket'],
  perMessageDeflate: false,
  serveClient: false,
  pingInterval: PING_INTERVAL_MS,
});

let version = 0;

io.on('connection', async (socket) => {
  await socket.join(ROOM);
  socket.emit('drop.snapshot', { type: 'drop.snapshot', version });
});

listen(server);
await takePublishCommands((frame) => {
  version = frame.version;
  io.to(ROOM).emit(frame.type, frame);
});
// The input ended: so does the server, connections and all.
await io.close();
