// Wall time may be set by anybody, so no interval may be measured by it: `Clock.monotonic()` is for
// those. This finds wall clocks that are added to, taken from or compared, outside of the files
// that are listed with their reason.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FLOORS =
  'contracts,domain,storage,actors,events,app,services,gateway,media,composition,operator';

/** `clock.now()`, `Date.now()`, `this.#now()` and the like; `performance.now()` is monotonic. */
const WALL = String.raw`(?<!performance\.)(?:\b(?:Date|\w*[cC]lock)\.now|#now|\bnow)\(\)`;
const AS_INTERVAL = new RegExp(
  `${WALL}\\s*(?:[-+<>%](?!>)|[<>]=)|(?:[-+]|(?<!=)[<>]=?)\\s*(?:[\\w.#]*\\.)?${WALL}`,
);

/** Where arithmetic with wall time is right, and why. */
const RIGHT: Readonly<Record<string, string>> = {
  'actors/shard/deadline-timer.ts': 'drops open and close, and holds end, at dates',
  'actors/shard/shard.ts': 'the date of the last entry is compared with the present one',
  'actors/cluster/store-clock.ts': 'two wall clocks are compared',
  'composition/gateway-threads.ts': 'two wall clocks are compared',
  'composition/gateway-program.ts': 'the date of the node, by how far it is from the machine’s',
  'actors/tracing/tracing.ts': 'spans were measured by the monotonic clock, and are sent as dates',
  'gateway/http/access-log.ts': 'requests were measured by the monotonic clock, and have dates',
  'events/payments/provider-work.ts': 'holds end at dates',
  'events/payments/payment-provider-development.ts':
    'payments are due after the date at which their order was made, after a restart too',
  'events/jobs/job-runner.ts': 'jobs are due at dates, kept for other runs to compare',
  'events/reach/news-consumer.ts': 'the age of news is from the date of their entry',
  'events/reach/tell-buyers.ts': 'the age of news is from the date of their entry',
  'events/reach/page-sending.ts': 'from the date of an event to when it is told',
  'events/archive/archiver.ts': 'retention is by the dates of entries',
  'composition/doctor/disk-checks.ts': 'the age of a file is from its date',
  'operator/audit.ts': 'the log is filtered by the dates of entries',
  'app/drops.ts': 'the age of a page, measured by the monotonic clock, is told as a date',
  'app/buyer-payments.ts': 'when a payment will be ready is told as a date',
  'app/mail/followed-link.ts': 'mailed links end at dates',
  'app/invitations.ts': 'mailed links end at dates',
  'app/mail/account-mail.ts': 'mailed links end at dates',
  'app/payments.ts': 'webhook ids are stored with a date, for other runs to compare',
  'storage/redis/catalogue/sessions-redis.ts': 'what is left of a session until its end',
  'storage/redis/catalogue/accounts-redis-tokens.ts': 'what is left of a token until that date',
  'gateway/rest/changes.ts': 'a stream ends at the date at which its token ends',
  'gateway/http/ended-sessions.ts': 'tokens end at dates',
  'gateway/http/key-identities.ts': 'API keys end at dates',
  'app/bans.ts': 'bans end at dates',
  'app/webhooks/webhooks.ts': 'secrets end at dates',
  'app/webhooks/deliver-webhooks.ts': 'what is old is so by the dates of deliveries',
  'app/webhooks/webhook-changes.ts': 'what is old is so by the dates of deliveries',
  'app/media.ts': 'uploads end at dates',
  'media/uploads/uploads.ts': 'uploads end at dates',
  'media/processing/media-references.ts': 'what is gone is so since the dates of blobs',
  'media/processing/media-sweep.ts': 'what is old is so by the dates of blobs',
  'events/restriction-set.ts': 'bans end at dates',
  'operator/bans.ts': 'a ban of a length ends at a date',
  'app/api-keys.ts': 'the hour in which a key was used, stored as a date',
  'storage/memory/consumer-leases-memory.ts': 'its clock is monotonic: the caller gives it',
  'storage/memory/placement-memory.ts': 'the store of tests: its clock is that of a Redis server',
  'storage/measured-journal.ts': 'its clock is performance.now() unless a test gives one',
  'actors/cluster/lease.ts': 'its clock is performance.now() unless a test gives one',
  'gateway/live/hub.ts': 'tokens end at full seconds of wall time',
  'operator/rolling-restart.ts': "the pace's clock is performance.now()",
  'operator/change.ts': "the pace's clock is performance.now()",
  'operator/follow-moves.ts': "the pace's clock is performance.now()",
  'operator/demo/sale.ts': 'the drop opens at a date that the server is told',
  'operator/demo/screen.ts': 'counts down to the date at which the drop opens',
  'operator/demo/stage.ts': 'from the date at which the drop opened',
  'operator/demo/payers.ts': 'holds end at dates that the server tells',
};

const files = globSync(`{${FLOORS}}/**/*.ts`, { cwd: ROOT });

function wallIntervals(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => !/^\s*(?:\/\/|\*|\/\*)/.test(line) && AS_INTERVAL.test(line));
}

test('no interval is measured by the wall clock, but where a reason is listed', (t) => {
  const found = files.flatMap((file) => {
    if (Object.hasOwn(RIGHT, file)) return [];
    return wallIntervals(readFileSync(join(ROOT, file), 'utf8')).map(
      (line) => `${file}: ${line.trim()}`,
    );
  });
  t.deepEqual(found, []);
});

test('every file that is listed still needs it', (t) => {
  for (const file of Object.keys(RIGHT)) {
    t.true(files.includes(file), file);
    t.true(wallIntervals(readFileSync(join(ROOT, file), 'utf8')).length > 0, file);
  }
});

test('intervals by the wall clock are found, and other uses are not', (t) => {
  for (const line of [
    'const ageMs = this.#options.clock.now() - since;',
    'if (clock.now() >= deadline) return;',
    'const until = Date.now() + WAIT_MS;',
    'if (deadline < this.#now()) return;',
    'const left = expiresAt - now();',
    'const passed = until > systemClock.now();',
  ]) {
    t.is(wallIntervals(line).length, 1, line);
  }
  for (const line of [
    'const at = clock.now();',
    'now: () => systemClock.now(),',
    'const startedAt = performance.now() - 5;',
    'record(clock.now(), -1);',
    'const ageMs = clock.monotonic() - since;',
  ]) {
    t.is(wallIntervals(line).length, 0, line);
  }
});
