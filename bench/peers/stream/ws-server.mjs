// ws 8 publishing to all its clients: nothing compressed, and the WebSocket frame made once, header
// included, so that a client costs one write of a shared buffer. ws has no public call for that;
// this is the way in which Socket.IO does it.

import { createServer } from 'node:http';
import { Sender, WebSocket, WebSocketServer } from 'ws';
import { listen, takePublishCommands } from './publish-commands.mjs';

const TEXT = 1;
/**
 * A client that is behind by more is left out of a frame, as the bare uWebSockets.js server does.
 */
const BUFFERED_BYTES_MAX = 256 * 1024;

const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
// A connection that broke is closed by ws itself, and leaves `sockets.clients`.
sockets.on('connection', (socket) => socket.on('error', () => undefined));

listen(server);
await takePublishCommands((frame) => {
  const bytes = Buffer.from(JSON.stringify(frame));
  const options = { fin: true, opcode: TEXT, mask: false, rsv1: false, readOnly: true };
  const shared = [Buffer.concat(Sender.frame(bytes, options))];
  for (const socket of sockets.clients) {
    if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount <= BUFFERED_BYTES_MAX)
      socket._sender.sendFrame(shared);
  }
});
// The input ended: so does the server, connections and all.
for (const socket of sockets.clients) socket.terminate();
server.close();
