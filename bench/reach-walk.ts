// What the walk of a fan-out costs besides sending: followers and where they are reached are read
// from SQLite, page by page, and a sender takes all at once.
//   node bench/reach-walk.ts [followers] [share with a browser]
// Prints followers a second, CPU for each follower and each message, and by how much the memory of
// the process grew.

import { createECDH, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../actors/clock.ts';
import { DEFAULT_PREFERENCES } from '../contracts/preferences.ts';
import { success } from '../domain/refusal.ts';
import { queuedJob } from '../events/jobs/job.ts';
import { PushDropHandler } from '../events/reach/drop-handlers.ts';
import { FanOut } from '../events/reach/fan-out.ts';
import { People } from '../events/reach/people.ts';
import { ReachCounts } from '../events/reach/reach-counts.ts';
import { UnderWay } from '../events/reach/under-way.ts';
import { openSqliteStores } from '../storage/sqlite/stores.ts';
import { dropView, ScriptedRouter } from '../test/services/harness.ts';

const CREATOR = 'u_creator';
const AT_ONCE = 2_000;
const HUNDRED = 100;
const MEGABYTE = 1e6;

const [followers = 100_000, share = 0.3] = process.argv.slice(2).map(Number);
const directory = mkdtempSync(join(tmpdir(), 'livedrops-reach-walk-'));
const stores = await openSqliteStores({ directory });
try {
  await fill();
  await walk();
} finally {
  await stores.close();
  rmSync(directory, { recursive: true, force: true });
}

async function fill(): Promise<void> {
  const pair = createECDH('prime256v1');
  pair.generateKeys();
  const p256dh = pair.getPublicKey('base64url');
  for (let from = 0; from < followers; from += AT_ONCE) {
    const ids = Array.from(
      { length: Math.min(AT_ONCE, followers - from) },
      (_, i) => `u_01jd${String((from + i) * 7919).padStart(20, '0')}`,
    );
    await Promise.all(ids.map((id, i) => stores.follows.follow(id, CREATOR, from + i)));
    const reached = ids.filter((_, i) => (i % HUNDRED) / HUNDRED < share);
    await Promise.all(
      reached.map((userId) =>
        stores.recipients.replace({
          userId,
          subscriptions: [
            {
              endpoint: `https://push.example.com/send/${randomBytes(96).toString('base64url')}`,
              p256dh,
              auth: randomBytes(16).toString('base64url'),
              keyId: 'k_1',
              sessionId: 's_1',
              createdAt: 1,
            },
          ],
          preferences: DEFAULT_PREFERENCES,
          unsubscribeSecret: null,
          revision: 1,
        }),
      ),
    );
  }
}

async function walk(): Promise<void> {
  const counts = new ReachCounts();
  const router = new ScriptedRouter();
  const clock = systemClock;
  const now = clock.now();
  const drop = dropView({ creatorId: CREATOR, endsAt: now + 3_600_000 });
  router.answer = () => success(drop);
  const publicUrl = () => 'https://shop.example';
  const handler = new PushDropHandler({
    ...stores,
    fanOut: new FanOut({ clock, counts }),
    people: new People({
      ...stores,
      presence: { online: async () => new Set() },
      pushes: { send: async () => ({ outcome: 'sent' }) },
      mails: { send: async () => undefined, stop: async () => undefined },
      counts,
      publicUrl,
      clock,
    }),
    router,
    hidden: { isHidden: () => false },
    underWay: new UnderWay(),
    publicUrl,
    clock,
  });
  const news = { type: 'drop-started', dropId: drop.id, creatorId: CREATOR, productId: 'p_1' };
  const params = { ...news, at: now, place: '0-1-0', isDecided: true };
  let job = queuedJob(
    {
      id: 'push',
      kind: 'push-drop',
      callerId: 'followers',
      subject: drop.id,
      params: { ...params, part: 0, parts: 1, followers, spreadMs: 0 },
      total: null,
    },
    now,
  );
  const began = clock.monotonic();
  const cpu = process.cpuUsage();
  const { signal } = new AbortController();
  const rssBefore = process.memoryUsage.rss();
  let rss = rssBefore;
  for (let isLast = false; !isLast; ) {
    const step = await handler.step(job, signal);
    ({ isLast } = step);
    job = { ...job, cursor: step.cursor, progress: step.progress };
    rss = Math.max(rss, process.memoryUsage.rss());
  }
  const { user, system } = process.cpuUsage(cpu);
  const messages = job.progress.done;
  const seconds = (clock.monotonic() - began) / 1_000;
  console.log(
    `${followers} followers, ${messages} messages: ${Math.round(followers / seconds)} followers ` +
      `and ${Math.round(messages / seconds)} messages a second; CPU ` +
      `${((user + system) / followers).toFixed(1)} us a follower, ` +
      `${((user + system) / messages).toFixed(1)} us a message; ` +
      `${Math.round((rss - rssBefore) / MEGABYTE)} MB more memory`,
  );
}
