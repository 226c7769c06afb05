// Decides who a token speaks for, whoever signed it. One's own are signed with a shared secret
// (HS256), those of other issuers with private keys: the algorithm tells them apart, and no key is
// ever used with another algorithm than its own.

import type { TokenIdentity, TokenRefusal } from '../contracts/accounts.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { IssuerTokens } from './issuers/issuer-tokens.ts';
import { headerOf } from './token-header.ts';

export interface TokenVerifierOptions {
  readonly own: AccessTokens;
  /** Null: no other issuer is configured. */
  readonly issuers: IssuerTokens | null;
}

export class TokenVerifier {
  readonly #own: AccessTokens;
  readonly #issuers: IssuerTokens | null;

  constructor({ own, issuers }: TokenVerifierOptions) {
    this.#own = own;
    this.#issuers = issuers;
  }

  /** `nowMs`: since the Unix epoch. */
  verify(token: string, nowMs: number): TokenIdentity | TokenRefusal {
    if (this.#issuers === null) return this.#own.verify(token, nowMs);
    const header = headerOf(token);
    if (header === null) return 'invalid';
    return header['alg'] === 'HS256'
      ? this.#own.verify(token, nowMs)
      : this.#issuers.verify(token, header, nowMs);
  }
}
