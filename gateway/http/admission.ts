// Decides whether a client may open a live stream: its token must be valid, its rate of reads
// within the limit, and a place free. Streams are counted in all, by address and by user, because
// each holds memory until its client closes it.

import { ACCESS_TOKEN_LENGTH_MAX } from '../../contracts/bounds.ts';
import { DROP_ID } from '../../contracts/patterns.ts';
import type { Clock } from '../../actors/clock.ts';
import { GRAPHQL_PROTOCOL, STREAM_PROTOCOL } from '../../contracts/live.ts';
import type { LivePeer } from './socket.ts';
import type { TokenIdentity } from '../../contracts/accounts.ts';
import { addressLimitKey } from './address.ts';
import { type Authenticator, bearerToken } from './auth.ts';
import type { StreamBounds } from './limits.ts';
import { OwnPlaces, type Places } from './places.ts';
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

/**
 * A visitor's stream of one drop, a user's, or GraphQL: of a visitor, or of a user who may sign in
 * there.
 */
export type StreamKind =
  | { readonly of: 'drop'; readonly dropId: string }
  | { readonly of: 'user' }
  | { readonly of: 'graphql' };

/** An admitted stream. */
export class Admitted implements LivePeer {
  readonly ok = true;
  readonly identity: TokenIdentity | null;
  readonly dropId: string | null;
  readonly address: string;
  readonly addressKey: string;
  readonly token: string;
  /** The subprotocol that the answer selects. Empty: none. */
  readonly protocol: string;
  /** Whose stream it counts as; null: nobody's. */
  countedFor: string | null;
  readonly #admission: Admission;

  constructor(
    admission: Admission,
    of: Omit<LivePeer, 'countFor'> & { readonly protocol: string },
  ) {
    this.identity = of.identity;
    this.dropId = of.dropId;
    this.address = of.address;
    this.addressKey = of.addressKey;
    this.token = of.token;
    this.protocol = of.protocol;
    this.countedFor = of.identity && of.identity.userId;
    this.#admission = admission;
  }

  countFor(userId: string): boolean {
    return this.#admission.countFor(this, userId);
  }
}

export interface AdmissionOptions {
  readonly authenticator: Authenticator;
  readonly limits: RateLimits;
  readonly bounds: StreamBounds;
  /** Of this thread alone unless given. */
  readonly places?: Places;
  readonly clock: Clock;
}

/** The key of all streams together. */
const ALL = '';

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #places: Places;
  #bounds: StreamBounds;
  #count = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#bounds = options.bounds;
    this.#places = options.places ?? new OwnPlaces();
  }

  /** Streams past lower bounds stay open; new ones wait until there are fewer. */
  setBounds(bounds: StreamBounds): void {
    this.#bounds = bounds;
  }

  /** Those that were admitted here. */
  get count(): number {
    return this.#count;
  }

  /** Takes a place for a new stream. Each admitted stream must be released once. */
  admit(incoming: IncomingRequest, kind: StreamKind): Admitted | Problem {
    const dropId = kind.of === 'drop' ? kind.dropId : null;
    if (dropId !== null && !dropIdForm.test(dropId)) return problem('not-found');
    const { address } = incoming;
    const addressKey = addressLimitKey(address);
    const spoken = kind.of === 'graphql' ? GRAPHQL_PROTOCOL : STREAM_PROTOCOL;
    const protocols = streamProtocols(incoming.header('sec-websocket-protocol'), spoken);
    if (!protocols.ok) return protocols;
    const { selected, token: offered } = protocols.value;
    if (kind.of === 'graphql' && selected === '')
      return problem('invalid-request', `Sec-WebSocket-Protocol: offer ${GRAPHQL_PROTOCOL}.`);
    const token =
      bearerToken(incoming.header('authorization')) || offered || queryToken(incoming.query);
    const { authenticator, limits, clock } = this.#options;
    const monotonicMs = clock.monotonic();
    let identity: TokenIdentity | null = null;
    if (kind.of === 'user' || token !== '') {
      const identified = authenticator.identifyToken(token, clock.now());
      if (typeof identified === 'string')
        return authenticator.refuse(identified, addressKey, monotonicMs);
      identity = identified;
    }
    const limited = limits.check('reads', addressKey, identity && identity.userId, monotonicMs);
    if (limited !== null) return limited;
    const refused = this.#take(addressKey, identity && identity.userId);
    if (refused !== null) return refused;
    this.#count += 1;
    const peer = { identity, token, dropId, address, addressKey, protocol: selected };
    return new Admitted(this, peer);
  }

  /** Takes the places of a stream, or none of them. Null: it has them. */
  #take(addressKey: string, userId: string | null): Problem | null {
    const { userMax, addressMax, totalMax } = this.#bounds;
    const places = this.#places;
    if (!places.take(ALL, totalMax)) return problem('overloaded');
    if (userId !== null && !places.take(ofUser(userId), userMax)) {
      places.release(ALL);
      return tooMany('Too many live streams of this user.');
    }
    const isExempt = this.#options.limits.isExempt(addressKey);
    if (places.take(ofAddress(addressKey), isExempt ? Infinity : addressMax)) return null;
    places.release(ALL);
    if (userId !== null) places.release(ofUser(userId));
    return tooMany('Too many live streams from this address.');
  }

  /**
   * Of an admitted stream that is not released. False, and nothing is changed: no place is free.
   */
  countFor(admitted: Admitted, userId: string): boolean {
    const { countedFor } = admitted;
    if (countedFor === userId) return true;
    if (!this.#places.take(ofUser(userId), this.#bounds.userMax)) return false;
    if (countedFor !== null) this.#places.release(ofUser(countedFor));
    admitted.countedFor = userId;
    return true;
  }

  release({ addressKey, countedFor }: Admitted): void {
    this.#count -= 1;
    this.#places.release(ALL);
    this.#places.release(ofAddress(addressKey));
    if (countedFor !== null) this.#places.release(ofUser(countedFor));
  }
}

function ofUser(userId: string): string {
  return `user ${userId}`;
}

function ofAddress(addressKey: string): string {
  return `address ${addressKey}`;
}

function tooMany(detail: string): Problem {
  return { ok: false, code: 'rate-limited', detail, headers: [['retry-after', '5']] };
}

function queryToken(query: string): string {
  const parsed = parseQuery(query, QUERY, QUERY_LENGTH_MAX);
  const token = parsed.ok ? (parsed.value as { access_token?: string }).access_token : undefined;
  return token ?? '';
}
