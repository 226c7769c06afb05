// Decides whether a client may open a live stream: its token must be valid, its rate of reads
// within the limit, and a place free. Streams are counted in all and by address, because each holds
// memory until its client closes it.

import { ACCESS_TOKEN_LENGTH_MAX } from '../../contracts/bounds.ts';
import { DROP_ID } from '../../contracts/patterns.ts';
import type { Clock } from '../../actors/clock.ts';
import type { LivePeer } from './socket.ts';
import type { TokenIdentity } from '../../contracts/accounts.ts';
import { addressLimitKey } from './address.ts';
import { type Authenticator, bearerToken } from './auth.ts';
import { problem, type Problem } from './problems.ts';
import type { RateLimits } from './rate-limits.ts';
import type { IncomingRequest } from './route.ts';
import { streamProtocols } from './stream-protocols.ts';
import { parseQuery } from './validation.ts';
import { Type } from 'typebox';

const dropIdForm = new RegExp(DROP_ID);
const QUERY = Type.Object({ access_token: Type.Optional(Type.String()) });
/** Room for the longest token, percent-encoded where that is not needed, and for its name. */
const QUERY_LENGTH_MAX = 2 * ACCESS_TOKEN_LENGTH_MAX;

export interface LiveBounds {
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
}

/** An admitted stream. Its `addressKey` is the argument of `release`. */
export interface Admitted extends LivePeer {
  readonly ok: true;
  /** The subprotocol that the answer selects. Empty: none. */
  readonly protocol: string;
}

export interface AdmissionOptions {
  readonly authenticator: Authenticator;
  readonly limits: RateLimits;
  readonly bounds: LiveBounds;
  readonly clock: Clock;
}

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #byAddress = new Map<string, number>();
  #count = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Takes a place for a new stream: a visitor's stream of the drop `dropId`, or a user's where
   * `dropId` is null. Each admitted stream must be released once.
   */
  admit(incoming: IncomingRequest, dropId: string | null): Admitted | Problem {
    if (dropId !== null && !dropIdForm.test(dropId)) return problem('not-found');
    const addressKey = addressLimitKey(incoming.address);
    const protocols = streamProtocols(incoming.header('sec-websocket-protocol'));
    if (!protocols.ok) return protocols;
    const { selected, token: offered } = protocols.value;
    const token =
      bearerToken(incoming.header('authorization')) || offered || queryToken(incoming.query);
    const { authenticator, limits, clock } = this.#options;
    const monotonicMs = clock.monotonic();
    let identity: TokenIdentity | null = null;
    if (dropId === null || token !== '') {
      const identified = authenticator.identifyToken(token, clock.now());
      if (typeof identified === 'string')
        return authenticator.refuse(identified, addressKey, monotonicMs);
      identity = identified;
    }
    const limited = limits.check('reads', addressKey, identity && identity.userId, monotonicMs);
    if (limited !== null) return limited;
    const { connectionsMax, connectionsPerAddressMax } = this.#options.bounds;
    const ofAddress = this.#byAddress.get(addressKey) ?? 0;
    if (this.#count >= connectionsMax) return problem('overloaded');
    if (ofAddress >= connectionsPerAddressMax) {
      const detail = 'Too many live streams from this address.';
      return { ok: false, code: 'rate-limited', detail, headers: [['retry-after', '5']] };
    }
    this.#count += 1;
    this.#byAddress.set(addressKey, ofAddress + 1);
    return { ok: true, identity, dropId, addressKey, protocol: selected };
  }

  release(addressKey: string): void {
    this.#count -= 1;
    const left = (this.#byAddress.get(addressKey) ?? 1) - 1;
    if (left === 0) this.#byAddress.delete(addressKey);
    else this.#byAddress.set(addressKey, left);
  }
}

function queryToken(query: string): string {
  const parsed = parseQuery(query, QUERY, QUERY_LENGTH_MAX);
  const token = parsed.ok ? (parsed.value as { access_token?: string }).access_token : undefined;
  return token ?? '';
}
