import test from 'ava';
import { InvariantError } from '../../domain/assert.ts';
import { OrderTable } from '../../domain/order-table.ts';
import { ask, codeOf, createDrop, type Harness, NOW, order, place, startHost } from './harness.ts';

const REASON = 'a defect of this test';
/** The methods of the class are broken for all files of a process: one test after the other. */
const broken = test.serial;
const change = Object.getOwnPropertyDescriptor(OrderTable.prototype, 'change')!;

/** From now on a hold's end cannot be applied. */
function breakExpiry(): void {
  const mended = change.value as OrderTable['change'];
  OrderTable.prototype.change = function changed(ordinal, status, refundRequested, version) {
    if (status === 'expired') throw new InvariantError(REASON);
    mended.call(this, ordinal, status, refundRequested, version);
  };
}

function mend(): void {
  Object.defineProperty(OrderTable.prototype, 'change', change);
}

test.afterEach.always(mend);

/** Deciding it throws. */
const poison = place(null as unknown as string, 'poison');

async function sellsOn({ host }: Harness, user: string): Promise<string> {
  const [reply] = await host.execute([place(user, 'key', 1, 'd_other')]);
  return codeOf(reply);
}

function quarantinedIn({ host }: Harness) {
  return host.report()[0]!.quarantined;
}

broken(
  'J3: a drop whose due work fails again and again is quarantined, others go on',
  async (t) => {
    const harness = await startHost({}, 1);
    const { host, journal, clock } = harness;
    await createDrop(host, 5, { payment: 'provider', holdSeconds: 1 });
    await createDrop(host, 100, { id: 'd_other' });
    await createDrop(host, 100, { id: 'd_later', startsAt: NOW + 5000 });
    await order(host, 'ann');
    t.is(journal.claims, 1);
    breakExpiry();
    await clock.advance(60_000);
    t.is(journal.claims, 1 + 3, 'it began again three times, and no more');
    t.is(host.shards[0]!.status, 'serving');
    t.deepEqual(quarantinedIn(harness), [{ dropId: 'd_1', since: NOW + 1000, reason: REASON }]);
    t.is(await sellsOn(harness, 'bob'), 'ok');
    t.is(codeOf((await host.execute([place('bob', 'key', 1, 'd_later')]))[0]), 'ok', 'it opened');

    const [refused] = await host.execute([place('bob')]);
    t.like(refused, { ok: false, code: 'unavailable' });
    t.regex(!refused!.ok && 'detail' in refused! ? refused.detail! : '', /out of service/);
    const view = await ask(host, { type: 'get-drop', dropId: 'd_1' });
    t.is(view.ok && view.value.held, 1, 'its durable state can be read');

    mend();
    t.true(host.shards[0]!.releaseQuarantine('d_1'));
    await clock.advance(100);
    t.deepEqual(quarantinedIn(harness), []);
    const after = await ask(host, { type: 'get-drop', dropId: 'd_1' });
    t.is(after.ok && after.value.held, 0, 'what was due is decided');
    t.is(journal.claims, 4);
    t.is(codeOf((await host.execute([place('bob')]))[0]), 'ok');
    await host.stop();
  },
);

broken('J3: a command that throws again and again quarantines its drop', async (t) => {
  const harness = await startHost({}, 1);
  const { host, journal, clock } = harness;
  await createDrop(host, 5);
  await createDrop(host, 100, { id: 'd_other' });
  for (let i = 0; i < 5; i++) {
    t.is(codeOf((await host.execute([poison]))[0]), 'unavailable');
    await clock.advance(10);
    // Others' progress in between does not begin the count anew.
    t.is(await sellsOn(harness, `u${i}`), 'ok');
  }
  t.is(journal.claims, 1 + 3);
  t.like(quarantinedIn(harness), [{ dropId: 'd_1' }]);
  t.is(codeOf((await host.execute([place('ann')]))[0]), 'unavailable');
  await host.stop();
});

broken('faults of one drop far apart are not counted together', async (t) => {
  const harness = await startHost({}, 1);
  const { host, clock } = harness;
  await createDrop(host, 5, { endsAt: NOW + 86_400_000 });
  for (let i = 0; i < 5; i++) {
    t.is(codeOf((await host.execute([poison]))[0]), 'unavailable');
    await clock.advance(600_001);
  }
  t.deepEqual(quarantinedIn(harness), []);
  t.is(codeOf((await host.execute([place('ann')]))[0]), 'ok');
  await host.stop();
});

broken('an operator releases a drop, and faults begin to count anew', async (t) => {
  const harness = await startHost({}, 1);
  const { host, clock } = harness;
  await createDrop(host, 5);
  const fail = async (times: number) => {
    for (let i = 0; i < times; i++) {
      await host.execute([poison]);
      await clock.advance(10);
    }
  };
  t.false(host.shards[0]!.releaseQuarantine('d_1'), 'not in quarantine yet');
  await fail(3);
  const { since } = quarantinedIn(harness)[0]!;
  t.false(host.releaseQuarantine('d_1', since - 1), 'another quarantine than this');
  t.is(quarantinedIn(harness).length, 1);
  t.true(host.releaseQuarantine('d_1', since));
  t.false(host.releaseQuarantine('d_1', since), 'released already');
  await fail(2);
  t.deepEqual(quarantinedIn(harness), []);
  await fail(1);
  t.is(quarantinedIn(harness).length, 1);
  await host.stop();
});

broken('a process that starts again tries quarantined drops again', async (t) => {
  const harness = await startHost({}, 1);
  const { host, clock } = harness;
  await createDrop(host, 5);
  for (let i = 0; i < 3; i++) {
    await host.execute([poison]);
    await clock.advance(10);
  }
  t.is(quarantinedIn(harness).length, 1);
  await host.stop();
  const next = await startHost(harness, 1);
  t.deepEqual(quarantinedIn(next), []);
  t.is(codeOf((await next.host.execute([place('ann')]))[0]), 'ok');
  await next.host.stop();
});
