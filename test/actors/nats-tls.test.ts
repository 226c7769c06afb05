// The live bus and the broker over a nats-server with a certificate, made here by openssl.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import ava, { type ExecutionContext, type TestFn } from 'ava';
import { ServiceBroker } from 'moleculer';
import pino from 'pino';
import { NatsLiveBus } from '../../actors/nats/live-bus-nats.ts';
import { brokerOptions } from '../../moleculer.config.ts';
import { findProgram } from '../servers/child-server.ts';
import { NatsServer, natsInstalled } from '../servers/nats-server.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';

const OPENSSL = findProgram('openssl');
const test = (natsInstalled && OPENSSL !== null ? ava : ava.skip) as TestFn;
const log = pino({ level: 'silent' });
const LOOPBACK = '127.0.0.1';
/** The NATS client verifies certificates by host names only, not by addresses. */
const HOST = 'localhost';

/** The files of an authority, which is the server's own certificate. */
function certificate(t: ExecutionContext): { readonly cert: string; readonly key: string } {
  const directory = temporaryDirectory();
  t.teardown(() => removeDirectory(directory));
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  const names = ['-subj', '/CN=nats', '-addext', `subjectAltName=DNS:${HOST}`];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const files = ['-keyout', key, '-out', cert];
  execFileSync(OPENSSL!, ['req', ...kind, ...names, ...files, '-days', '2'], { stdio: 'ignore' });
  return { cert, key };
}

async function tlsServer(t: ExecutionContext): Promise<{ url: string; caFile: string }> {
  const { cert, key } = certificate(t);
  const server = await NatsServer.start(LOOPBACK, ['--tls', '--tlscert', cert, '--tlskey', key]);
  t.teardown(() => server.stop());
  return { url: `tls://${HOST}:${server.port}`, caFile: cert };
}

test('the live bus and the broker connect over TLS with LIVEDROPS_NATS_CA', async (t) => {
  const { url, caFile } = await tlsServer(t);
  const bus = await NatsLiveBus.connect({ url, caFile, name: 'a', log });
  t.true(bus.connected);
  await bus.stop();
  const broker = new ServiceBroker(
    brokerOptions({ nodeId: 'a', natsUrl: url, natsCaFile: caFile, log: null }),
  );
  await broker.start();
  t.true(broker.transit?.connected);
  await broker.stop();
});

test('a certificate of an unknown authority is refused, and the message names the server', async (t) => {
  const { url } = await tlsServer(t);
  const { cert: other } = certificate(t);
  for (const caFile of [null, other]) {
    const refused = await t.throwsAsync(NatsLiveBus.connect({ url, caFile, name: 'a', log }));
    t.regex(refused.message, /^NATS at localhost:\d+ cannot be used: .*self-signed/);
  }
});

test('tls:// never falls back to a connection without TLS', async (t) => {
  const plain = await NatsServer.start();
  t.teardown(() => plain.stop());
  const url = `tls://user:hidden@${LOOPBACK}:${plain.port}`;
  const refused = await t.throwsAsync(NatsLiveBus.connect({ url, name: 'a', log }));
  t.regex(refused.message, /^NATS at 127\.0\.0\.1:\d+ cannot be used: /);
  t.notRegex(refused.message, /hidden/);
});

ava('where NATS is away, or its CA file, the message names them', async (t) => {
  const url = 'nats://user:hidden@127.0.0.1:1,127.0.0.1:2';
  const away = await t.throwsAsync(NatsLiveBus.connect({ url, name: 'a', log }));
  t.regex(away.message, /^NATS at 127\.0\.0\.1:1, 127\.0\.0\.1:2 cannot be used: .*REFUSED/);
  const options = { url: 'tls://127.0.0.1:1', caFile: '/nowhere/ca.pem', name: 'a', log };
  const noFile = await t.throwsAsync(NatsLiveBus.connect(options));
  t.regex(noFile.message, /ENOENT.*\/nowhere\/ca\.pem/);
});
