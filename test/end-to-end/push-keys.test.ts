// The keys of pushes against the whole server: made at the first start, rotated by an operator.

import { runCommand } from '../operator/run-command.ts';
import { onEachProfile } from './profiles.ts';
import { SaleServer } from './sale-server.ts';

interface Key {
  readonly keyId: string;
  readonly publicKey: string;
  readonly isPresent: boolean;
}

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  test('R1: the first start makes one key for all nodes, and a rotation keeps it', async (t) => {
    const token = server.token('op', 3_600, ['operator']);
    const keys = async () =>
      (await server.get('/v1/operator/push-keys', { token })).json['items'] as readonly Key[];
    const first = await keys();
    t.is(first.length, 1);
    t.true(first[0]!.isPresent);
    t.is(Buffer.from(first[0]!.publicKey, 'base64url').length, 65);
    // By another gateway, where there is one.
    t.deepEqual(await keys(), first);
    const url = ['--url', server.urls[0]!];
    const rotated = await runCommand(['push', 'rotate', '--json', ...url], {
      environment: server.settings,
    });
    t.is(rotated.code, 0, rotated.stderr);
    const [next, old, ...more] = await keys();
    t.deepEqual(more, []);
    t.deepEqual(old, { ...first[0]!, isPresent: false });
    t.true(next!.isPresent);
    t.not(next!.publicKey, old!.publicKey);
    const metrics = await (await fetch(`${server.urls[0]!}/metrics`)).text();
    t.regex(metrics, /^livedrops_push_services\{state="stopped"\} 0$/m);
    t.false(JSON.stringify(await keys()).includes('privateKey'));
  });
});
