// Finds out who calls a route: the user of an access token, with the user's memberships where the
// route does something for a creator (A10), or the owner of an API key whose scopes
// allow the route's use case (A5). A key acts for its owner, as a creator and with no other role.

import type { Clock } from '../../actors/clock.ts';
import type { TokenIdentity } from '../../contracts/accounts.ts';
import { CREATOR_ROLE } from '../../contracts/role-names.ts';
import { ruleOf } from '../../contracts/creator-actions.ts';
import type { Membership } from '../../contracts/organisations.ts';
import { type Authenticator, BAD_KEY, bearerToken } from './auth.ts';
import type { KeyIdentities } from './key-identities.ts';
import type { Memberships } from './memberships.ts';
import { problem, type Problem } from './problems.ts';
import type { IncomingRequest, Route } from './route.ts';

/** Who calls, by a token or by an API key. */
export interface Caller extends TokenIdentity {
  /** Under which limits count what it does. */
  readonly limitKey: string;
  /** By an API key. */
  readonly byKey: boolean;
  /** In organisations, where the route does something for a creator. */
  readonly memberships?: readonly Membership[];
  readonly isValid: () => boolean;
}

interface KnownCaller extends Caller {
  /** Of an API key; null for a token, which may do what its user may. */
  readonly scopes: readonly string[] | null;
}

type Credentials = Pick<IncomingRequest, 'header'>;

export interface CallersOptions {
  readonly authenticator: Authenticator;
  readonly keys: KeyIdentities;
  readonly memberships: Memberships;
  readonly clock: Clock;
}

const KEY_ROLES: readonly string[] = Object.freeze([CREATOR_ROLE]);

export class Callers {
  readonly #options: CallersOptions;

  constructor(options: CallersOptions) {
    this.#options = options;
  }

  /** Who the request's credentials stand for on the route, or the refusal of them. */
  async identify(
    { definition }: Route,
    incoming: Credentials,
    limitKey: string,
  ): Promise<Caller | Problem> {
    const found = await this.credentials(incoming, limitKey);
    if ('ok' in found) return found;
    const { scopes } = found;
    if (scopes === null)
      return definition.access === 'key' ? problem('forbidden', 'This takes an API key.') : found;
    const { action } = definition;
    const scope = action === undefined ? null : ruleOf(action).scope;
    if (scope === null) return problem('forbidden', 'API keys may not do this.');
    if (!scopes.includes(scope))
      return problem('forbidden', `The API key does not have the scope ${scope}.`);
    return found;
  }

  /** Who they stand for, whatever they may do. */
  async credentials(incoming: Credentials, limitKey: string): Promise<KnownCaller | Problem> {
    const { authenticator, clock } = this.#options;
    const authorization = incoming.header('authorization');
    const identity = authenticator.identify(authorization, clock.now());
    const found =
      identity === 'api-key'
        ? await this.#keyCaller(bearerToken(authorization))
        : typeof identity === 'string'
          ? identity
          : this.#tokenCaller(identity);
    if (typeof found !== 'string') return found;
    const bad = identity === 'api-key' ? BAD_KEY : undefined;
    return authenticator.refuse(found, limitKey, clock.monotonic(), bad);
  }

  #tokenCaller(identity: TokenIdentity): KnownCaller {
    const { authenticator, clock } = this.#options;
    const isValid = () => authenticator.isValid(identity, clock.now());
    return { ...identity, limitKey: identity.userId, byKey: false, scopes: null, isValid };
  }

  /**
   * The caller with what they are in organisations, where the route does something for a creator. A
   * key acts for its owner alone.
   */
  async withMemberships({ definition }: Route, caller: Caller): Promise<Caller | Problem> {
    const { memberships } = this.#options;
    const { action } = definition;
    if (caller.byKey || action === undefined || ruleOf(action).role === null) return caller;
    const found = await memberships.of(caller.userId);
    if (!found.ok) return found;
    const isMember = memberships.validity(caller.userId, found.value);
    const isValid = () => caller.isValid() && isMember();
    return { ...caller, memberships: found.value, isValid };
  }

  /** A key acts for its owner, as a creator and never with another role (A5). */
  async #keyCaller(text: string): Promise<KnownCaller | Problem | 'invalid' | 'expired'> {
    const { keys } = this.#options;
    const key = await keys.identify(text);
    if (typeof key === 'string' || 'ok' in key) return key;
    return {
      userId: key.ownerId,
      roles: KEY_ROLES,
      expiresAt: key.endsAt === null ? Infinity : key.endsAt / 1_000,
      limitKey: key.keyId,
      byKey: true,
      scopes: key.scopes,
      isValid: keys.validity(text),
    };
  }
}
