// The use cases of operators' accounts over stores in memory, with passwords that cost little.

import { randomBytes } from 'node:crypto';
import { InProcessLiveBus } from '../../../actors/live-bus.ts';
import { AccessTokens } from '../../../app/access-tokens.ts';
import { OperatorAccounts } from '../../../app/operator/operator-accounts.ts';
import { Passwords } from '../../../app/passwords.ts';
import { RefreshTokens } from '../../../app/refresh-tokens.ts';
import { SecondFactors } from '../../../app/second-factors.ts';
import { Sessions } from '../../../app/sessions.ts';
import { memoryStores } from '../../../storage/memory/stores.ts';
import { ReachedLevel } from '../../../storage/ports/feature-level.ts';

const SECRET = 'x'.repeat(32);

export function operatorAccountsOn({ level = 3, now = () => 1_000_000 } = {}) {
  const stores = memoryStores();
  const random = (count: number) => new Uint8Array(randomBytes(count));
  const liveBus = new InProcessLiveBus();
  const accessTokens = new AccessTokens({ secret: SECRET });
  const refreshTokens = new RefreshTokens({ secret: SECRET, random });
  const sessionsOf = new Sessions({ ...stores, liveBus, accessTokens, refreshTokens, now, random });
  const secondFactors = new SecondFactors({ ...stores, now, random });
  const accounts = new OperatorAccounts({
    ...stores,
    secondFactors,
    sessionsOf,
    passwords: new Passwords({ memoryKib: 8 }),
    levels: new ReachedLevel(level),
    now,
    random,
  });
  return { accounts, stores, secondFactors, sessionsOf };
}
