// `livedrops push`: the keys of pushes are listed, rotated and removed.

import test from 'ava';
import { newVapidKey } from '../../events/push/vapid.ts';
import { pushKeysText } from '../../operator/push.ts';
import { VAPID_KEYS_MAX } from '../../storage/ports/vapid-keys.ts';
import { startPretendGateway, TOKEN } from './pretend-gateway.ts';
import { runCommand } from './run-command.ts';

interface Row {
  readonly keyId: string;
  readonly isPresent: boolean;
}

test('R1: after a rotation the old key stays, until an operator removes it', async (t) => {
  const { cluster, url } = await startPretendGateway(t, ['node-1']);
  const { vapidKeys } = cluster;
  const run = (...args: string[]) => runCommand(['push', ...args, '--url', url, '--token', TOKEN]);
  const none = await run('rotate');
  t.is(none.code, 1);
  t.regex(none.stderr, /no key yet/);
  const first = newVapidKey(Date.parse('2027-01-01T00:00:00Z'));
  await vapidKeys.add(first, null);
  const rotated = await run('rotate', '--json');
  t.is(rotated.code, 0, rotated.stderr);
  const rows = JSON.parse(rotated.stdout) as readonly Row[];
  const next = rows[0]!.keyId;
  t.deepEqual(
    rows.map(({ keyId, isPresent }) => [keyId, isPresent]),
    [
      [next, true],
      [first.keyId, false],
    ],
  );
  t.false(rotated.stdout.includes('private'));
  const [listed, present, other] = await Promise.all([
    run('keys'),
    run('remove', next),
    run('remove', 'no-such-key'),
  ]);
  t.regex(listed.stdout, new RegExp(`${next} +new subscriptions`));
  t.regex(listed.stdout, new RegExp(`2027-01-01T00:00:00.000Z +${first.keyId} +older ones`));
  t.regex(present.stderr, /rotate first/);
  t.not(other.code, 0);
  t.is((await vapidKeys.list()).length, 2);
  t.is((await run('remove', first.keyId)).stdout, `${first.keyId} is removed\n`);
  t.deepEqual(
    (await vapidKeys.list()).map(({ keyId }) => keyId),
    [next],
  );
  t.deepEqual(
    cluster.log.actions.map(({ action, params }) => [action, params]),
    [
      ['rotate-push-keys', { after: first.keyId }],
      ['remove-push-key', { keyId: next }],
      ['remove-push-key', { keyId: first.keyId }],
    ],
  );
});

test('R1: a rotation that is repeated makes no second key, and keys are bounded', async (t) => {
  const { cluster, api } = await startPretendGateway(t, ['node-1']);
  const { vapidKeys } = cluster;
  await vapidKeys.add(newVapidKey(0), null);
  const { keyId: first } = (await vapidKeys.list())[0]!;
  t.is((await api.rotatePushKeys(first)).length, 2);
  t.is((await api.rotatePushKeys(first)).length, 2);
  let { keyId } = (await vapidKeys.list())[0]!;
  for (let keys = 3; keys <= VAPID_KEYS_MAX; keys++)
    keyId = (await api.rotatePushKeys(keyId))[0]!.keyId;
  await t.throwsAsync(api.rotatePushKeys(keyId), { message: /remove an old one first/ });
  await t.throwsAsync(api.rotatePushKeys('no-such-key'));
  t.is((await vapidKeys.list()).length, VAPID_KEYS_MAX);
});

test('R1: keys print as a table', (t) => {
  t.is(pushKeysText([]), 'No keys yet: a node makes one at its start.\n');
});
