// A push service for the scenario `push`: HTTP/2 over TLS, takes everything with 201. Prints its
// port.

import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import {
  LOOPBACK_CERTIFICATE,
  LOOPBACK_KEY,
} from '../../test/servers/certificates/loopback-certificate.ts';

const server = createSecureServer({ cert: LOOPBACK_CERTIFICATE, key: LOOPBACK_KEY });
server.on('stream', (stream) => {
  stream.on('error', () => {});
  stream.resume();
  stream.once('end', () => {
    // Whoever sent it may have cancelled it by now.
    if (!stream.destroyed) stream.respond({ ':status': 201 }, { endStream: true });
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.on('SIGTERM', () => process.exit());
