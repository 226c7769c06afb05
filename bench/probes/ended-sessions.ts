// Measures what the look-up of ended sessions adds to identifying a request whose token is
// remembered (A1c): beside none, with an empty list, with a full one, and with a full one while one
// more session ends before each request, in turns. Run:
// node_modules/.bin/node bench/probes/ended-sessions.ts

import { systemClock } from '../../actors/clock.ts';
import { InProcessLiveBus, SESSIONS_TOPIC } from '../../actors/live-bus.ts';
import { Authenticator } from '../../gateway/http/auth.ts';
import { EndedSessions } from '../../gateway/http/ended-sessions.ts';
import { RateLimits } from '../../gateway/http/rate-limits.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { ENDED_SESSIONS_MAX } from '../../storage/ports/sessions.ts';

const TOKENS = 10_000;
const IDENTIFIED = 3_000_000;
const ROUNDS = 7;

const now = Date.now();
const expiresAt = Math.floor(now / 1_000) + 900;
const log = { warn: () => undefined };
const headers = Array.from({ length: TOKENS }, (_, i) => {
  const random = `${i}`.padStart(43, 'AbCdEf0123456789');
  return `Bearer eyJhbGciOiJIUzI1NiJ9.${'x'.repeat(120)}.${random}`;
});

interface Case {
  readonly authenticator: Authenticator;
  readonly before?: () => void;
}

async function listOf(count: number): Promise<EndedSessions> {
  const bus = new InProcessLiveBus();
  const { sessions } = memoryStores();
  const ended = new EndedSessions({ bus, sessions, clock: systemClock, log });
  await ended.start();
  const sessionIds = Array.from({ length: count }, (_, i) => `s_ended${i}`);
  bus.publish(SESSIONS_TOPIC, { type: 'sessions-ended', userId: 'u', sessionIds, endedAt: now });
  return ended;
}

function authenticatorWith(ended: Pick<EndedSessions, 'refuses' | 'version'>): Authenticator {
  const limits = new RateLimits({ policies: null });
  const verifyToken = (token: string) => {
    return { userId: 'u', roles: [], expiresAt, sessionId: `s_${token.slice(-26)}` };
  };
  return new Authenticator({ verifyToken, limits, ended });
}

/** Nanoseconds of CPU for each. */
function measure({ authenticator, before: each }: Case): number {
  for (const header of headers) authenticator.identify(header, now);
  const before = process.cpuUsage();
  let found = 0;
  for (let i = 0; i < IDENTIFIED; i++) {
    each?.();
    const identity = authenticator.identify(headers[(i * 7919) % TOKENS]!, now);
    if (typeof identity !== 'string') found += 1;
  }
  const { user, system } = process.cpuUsage(before);
  if (found !== IDENTIFIED) throw new Error('a token was refused');
  return ((user + system) * 1_000) / IDENTIFIED;
}

const full = await listOf(ENDED_SESSIONS_MAX);
let version = 0;
/** As if one session more had ended each time. */
const rising = {
  get version() {
    return version;
  },
  refuses: (identity: Parameters<EndedSessions['refuses']>[0]) => full.refuses(identity),
};
const cases: Readonly<Record<string, Case>> = {
  'no look-up': { authenticator: authenticatorWith({ version: 0, refuses: () => false }) },
  'nothing ended': { authenticator: authenticatorWith(await listOf(0)) },
  [`${ENDED_SESSIONS_MAX} ended`]: { authenticator: authenticatorWith(full) },
  'one more ended before each': {
    authenticator: authenticatorWith(rising),
    before: () => (version += 1),
  },
};
const figures = new Map<string, number[]>(Object.keys(cases).map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, one] of Object.entries(cases)) figures.get(name)!.push(measure(one));
}
for (const [name, values] of figures) {
  const median = values.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
  process.stdout.write(`${name}: ${median.toFixed(0)} ns of CPU to identify a request\n`);
}
