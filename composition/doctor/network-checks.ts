// Checks of what the server reaches and is reached by: its ports, the mail server, the bucket, and
// addresses outside.

import { createServer, connect } from 'node:net';
import { SmtpMailSender } from '../../events/mail/mail-sender-smtp.ts';
import { openBlobs } from '../blobs.ts';
import type { Config } from '../config.ts';
import { readServerUrl } from '../server-url.ts';
import { urlHost } from '../url-host.ts';
import { type Check, fail, type Finding, ok, warn } from './check.ts';

const CONNECT_TIMEOUT_MS = 3_000;
const PRIVILEGED_PORTS = 1_024;
/** Where browsers' pushes go. Any of them stands for the Internet. */
const PUSH_SERVICES = ['https://updates.push.services.mozilla.com', 'https://fcm.googleapis.com'];
/** Never there: reading it tells whether the bucket answers. */
const PROBE_KEY = 'variants/00/doctor';

export function networkChecks(config: Config): readonly Check[] {
  return [
    { name: 'port', run: () => ports(config) },
    { name: 'mail', run: () => mail(config) },
    ...(config.media?.blobs.kind === 's3' ? [{ name: 'bucket', run: () => bucket(config) }] : []),
    { name: 'outside', run: () => outside(config) },
  ];
}

async function ports(config: Config): Promise<Finding[]> {
  const { host, port, media, operatorAddress, dataDirectory } = config;
  const isMedia = media !== null && config.roles.includes('media');
  const wanted = [
    { host, port },
    ...(isMedia ? [{ host, port: media.port }] : []),
    ...(operatorAddress === null ? [] : [operatorAddress]),
  ];
  const ours = serverAt(
    wanted.map((address) => address.port),
    readServerUrl(dataDirectory),
  );
  const findings: Finding[] = [];
  for (const one of wanted.filter((address) => address.port !== 0))
    findings.push(await portFinding(one.host, one.port, ours));
  return findings;
}

/**
 * `url`, the address of the data directory's server, where the ports that are wanted may be its
 * own: null where it runs with other settings. A port of 0 is any.
 */
export function serverAt(wanted: readonly number[], url: string | null): string | null {
  if (url === null || wanted.includes(0)) return url;
  return wanted.includes(Number(new URL(url).port)) ? url : null;
}

/** `ours`: the address of the server of this data directory, if it runs. */
export async function portFinding(
  host: string,
  port: number,
  ours: string | null,
): Promise<Finding> {
  const name = 'port';
  const address = `${urlHost(host)}:${port}`;
  const fault = await listenFault(host, port);
  if (fault === null) return ok(name, `${address} is free`);
  if (fault === 'EADDRINUSE') {
    if (ours !== null && (await answers(ours))) return ok(name, `${address} is in use, by ${ours}`);
    const remedy = 'end what uses it (`ss -ltnp`), or set LIVEDROPS_PORT';
    return fail(name, `${address} is in use by another process`, remedy);
  }
  const remedy =
    fault === 'EACCES' && port < PRIVILEGED_PORTS
      ? 'use a port from 1024 on behind a proxy, or give Node cap_net_bind_service'
      : 'set LIVEDROPS_HOST to an address of this machine';
  return fail(name, `nobody can listen on ${address}: ${fault}`, remedy);
}

/** The code of the error; null: one can listen. */
async function listenFault(host: string, port: number): Promise<string | null> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

async function answers(url: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
    return (await fetch(`${url}/healthz`, { signal })).ok;
  } catch {
    return false;
  }
}

async function mail({ mail: { smtpUrl, from }, publicUrl }: Config): Promise<Finding[]> {
  const name = 'mail';
  if (smtpUrl === null) {
    const text = 'mails become files in outbox/ of the data directory';
    return [warn(name, text, 'set LIVEDROPS_SMTP_URL, or no user gets one')];
  }
  const sender = new SmtpMailSender({ url: smtpUrl, from });
  const { host } = new URL(smtpUrl);
  try {
    await sender.check();
  } catch (error) {
    const text = `${host}: ${(error as Error).message}`;
    return [fail(name, text, 'mend LIVEDROPS_SMTP_URL: host, port, name or password')];
  } finally {
    await sender.stop();
  }
  const links =
    publicUrl === null
      ? [warn(name, 'links in mails lead to this node', 'set LIVEDROPS_PUBLIC_URL')]
      : [];
  return [ok(name, `${host} takes mails from ${from}`), ...links];
}

async function bucket({ media }: Config): Promise<Finding[]> {
  const name = 'bucket';
  const blobs = await openBlobs(media!.blobs);
  try {
    await blobs.head(PROBE_KEY);
    return [ok(name, `${blobs.name} answers`)];
  } catch (error) {
    const text = `${blobs.name}: ${(error as Error).message}`;
    return [fail(name, text, 'mend LIVEDROPS_BLOBS and its keys, and what the bucket allows')];
  }
}

async function outside(config: Config): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (config.stripe !== null)
    findings.push(await reach('payments', [config.stripe.api], 'no payment is made'));
  else
    findings.push(
      warn('payments', 'the development provider: nobody pays', 'set LIVEDROPS_PAYMENT_PROVIDER'),
    );
  const issuers = config.issuers.map(({ jwksUrl, issuer }) => jwksUrl ?? issuer);
  for (const url of issuers) findings.push(await reach('issuer', [url], 'its tokens are refused'));
  const pushes = await reach('outside', PUSH_SERVICES, 'pushes and webhooks go nowhere');
  findings.push(pushes.state === 'fail' ? { ...pushes, state: 'warn' } : pushes);
  return findings;
}

/** Whether one of the addresses takes a connection. */
export async function reach(
  name: string,
  urls: readonly string[],
  consequence: string,
): Promise<Finding> {
  let text = '';
  for (const url of urls) {
    const { hostname, port, protocol, host } = new URL(url);
    const fault = await connectFault(hostname, Number(port || (protocol === 'http:' ? 80 : 443)));
    if (fault === null) return ok(name, `${host} is reached`);
    text = `${host} is not reached (${fault}): ${consequence}`;
  }
  return fail(name, text, 'open the firewall, or mend the name server of this machine');
}

/** Why nobody answers there; null: somebody does. */
async function connectFault(host: string, port: number): Promise<string | null> {
  const socket = connect({ host, port });
  return await new Promise((resolve) => {
    const end = (fault: string | null) => {
      socket.destroy();
      resolve(fault);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => end('no answer'));
    socket.once('connect', () => end(null));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}
