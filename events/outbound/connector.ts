// Opens connections to addresses that somebody else gave. Each time the name is resolved, all its
// addresses are judged, and the connection goes to one of those: nothing resolves the name again,
// so that no answer of DNS in between leads elsewhere (DNS rebinding).

import { isIP, type LookupFunction, connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, getCACertificates } from 'node:tls';
import type { AddressRule } from './address-rule.ts';
import { OutboundError } from './outbound-error.ts';
import { type OutboundUrl, parseOutboundUrl } from './outbound-url.ts';
import { type Resolve, resolveByDns } from './resolver.ts';

export interface ConnectorOptions {
  readonly rule: AddressRule;
  readonly resolve?: Resolve;
  /** For DNS, TCP and TLS together. */
  readonly connectTimeoutMs?: number;
  /** Further authorities (PEM), beside those of Node. */
  readonly authorities?: string;
}

export type Protocol = 'h2' | 'http/1.1';

export const CONNECT_TIMEOUT_MS = 5_000;
/** Before the next address of a name is tried beside this one (RFC 8305). */
const NEXT_ADDRESS_MS = 250;

export class Connector {
  readonly #options: ConnectorOptions;
  readonly #authorities: readonly string[] | null;

  constructor(options: ConnectorOptions) {
    this.#options = options;
    const { authorities } = options;
    this.#authorities =
      authorities === undefined ? null : [...getCACertificates('default'), authorities];
  }

  /**
   * Whether the URL may be called now. Nothing is connected to.
   * Errors: OutboundError `refused-url`, `refused-address`, `dns`, `timeout`.
   */
  async check(text: string): Promise<void> {
    const signal = AbortSignal.timeout(this.#options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS);
    await this.#addressesOf(parseOutboundUrl(text), signal);
  }

  /**
   * A connected socket, with TLS for https; `alpnProtocol` is what both sides chose of `protocols`.
   * Errors: OutboundError `refused-url`, `refused-address`, `dns`, `connect`, `tls`, `timeout`,
   * `aborted`.
   */
  async connect(
    text: string,
    protocols: readonly Protocol[],
    aborted?: AbortSignal,
  ): Promise<Socket & { readonly alpnProtocol?: string | false | null }> {
    const timeout = AbortSignal.timeout(this.#options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS);
    const signal = aborted === undefined ? timeout : AbortSignal.any([timeout, aborted]);
    try {
      const target = parseOutboundUrl(text);
      const addresses = await this.#addressesOf(target, signal);
      return await this.#open(target, addresses, protocols, signal);
    } catch (error) {
      if (aborted?.aborted === true) throw new OutboundError('aborted', 'The call was given up.');
      throw error;
    }
  }

  async #addressesOf(target: OutboundUrl, signal: AbortSignal): Promise<readonly string[]> {
    const { rule, resolve = resolveByDns } = this.#options;
    const { hostname, isEncrypted } = target;
    let addresses: readonly string[];
    try {
      addresses = isIP(hostname) === 0 ? await resolve(hostname, signal) : [hostname];
    } catch (error) {
      if (signal.aborted) throw timedOut(hostname);
      throw new OutboundError('dns', `${hostname} has no address.`, { cause: error });
    }
    const standings = addresses.map((address) => rule.standing(address));
    // One address that is refused condemns all: no honest name has such a one beside public ones.
    if (addresses.length === 0 || standings.includes('refused'))
      throw new OutboundError('refused-address', `${hostname} is not on the public network.`);
    if (!isEncrypted && standings.includes('public'))
      throw new OutboundError('refused-url', 'This address is not called: it is not https.');
    return addresses;
  }

  async #open(
    { hostname, port, isEncrypted }: OutboundUrl,
    addresses: readonly string[],
    protocols: readonly Protocol[],
    signal: AbortSignal,
  ): Promise<Socket> {
    const entries = addresses.map((address) => ({ address, family: isIP(address) }));
    const lookup: LookupFunction = (_name, { all }, done) => {
      const [first] = entries;
      if (all === true) done(null, entries);
      else done(null, first!.address, first!.family);
    };
    const where = {
      // An address by itself is connected to as it is.
      host: hostname,
      port,
      lookup,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
      noDelay: true,
    };
    const authorities = this.#authorities;
    const socket = isEncrypted
      ? connectTls({
          ...where,
          ALPNProtocols: [...protocols],
          minVersion: 'TLSv1.2',
          ...(isIP(hostname) === 0 && { servername: hostname }),
          ...(authorities !== null && { ca: [...authorities] }),
        })
      : connectTcp(where);
    await opened(socket, { hostname, isEncrypted, signal });
    return socket;
  }
}

function opened(
  socket: Socket,
  about: { hostname: string; isEncrypted: boolean; signal: AbortSignal },
): Promise<void> {
  const { hostname, isEncrypted, signal } = about;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let isConnected = false;
  const onConnect = () => void (isConnected = true);
  const onError = (error: Error) => {
    socket.destroy();
    const failure = isConnected ? 'tls' : 'connect';
    reject(new OutboundError(failure, `There is no connection to ${hostname}.`, { cause: error }));
  };
  const onClose = () => onError(new Error('closed'));
  const onAbort = () => {
    socket.destroy();
    reject(timedOut(hostname));
  };
  const ready = isEncrypted ? 'secureConnect' : 'connect';
  socket.once('connect', onConnect).once(ready, resolve).once('error', onError);
  socket.once('close', onClose);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  return promise.finally(() => {
    signal.removeEventListener('abort', onAbort);
    socket.off('connect', onConnect).off(ready, resolve).off('close', onClose);
    // A socket that failed may still have an error to tell, after which nobody asks.
    if (socket.destroyed) socket.on('error', () => {});
    else socket.off('error', onError);
  });
}

function timedOut(hostname: string): OutboundError {
  return new OutboundError('timeout', `${hostname} took too long to connect to.`);
}
