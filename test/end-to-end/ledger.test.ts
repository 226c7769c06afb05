// The ledger against the whole server (L1): by API and command, from an order to a verified bundle.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verify } from '../events/ledger/made-ledger.ts';
import { runCommand } from '../operator/run-command.ts';
import { onEachProfile } from './profiles.ts';
import { eventually, type Json, succeeded } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const LEDGER = '/v1/operator/ledger';
/** On a machine that is busy with other tests. */
const WAIT_MAX_MS = 45_000;

onEachProfile((test, profile) => {
  let server: SaleServer;
  const folder = mkdtempSync(join(tmpdir(), 'ledger-test-'));
  test.before(async () => {
    server = await SaleServer.start(profile, { LIVEDROPS_BLOBS: `file:${folder}` });
  });
  test.after.always(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true });
  });

  const token = () => server.token('op', 3_600, ['operator']);
  const status = async (): Promise<Json> => (await server.get(LEDGER, { token: token() })).json;
  const fetched = async (path: string) => {
    const headers = { authorization: `Bearer ${token()}` };
    const response = await fetch(`${server.nextUrl()}${path}`, { headers });
    return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
  };
  /** When everything of before is signed. */
  const complete = async () => await eventually(status, ({ behind }) => behind === 0, WAIT_MAX_MS);
  const ledger = async (...args: string[]) =>
    await runCommand(['ledger', ...args, '--url', server.nextUrl()], {
      environment: server.settings,
    });

  test.serial(
    'L1: an order is proved to its buyer and to operators, and to nobody else',
    async (t) => {
      const dropId = await server.drop('cleo', { stock: 50 });
      const orders: string[] = [];
      for (let i = 0; i < 5; i++)
        orders.push(String((await server.order(dropId, `buyer-${i}`, `key-${i}`)).json['id']));
      await complete();
      const path = `/v1/orders/${orders[3]!}/proof`;
      const own = succeeded(await server.get(path, { token: server.token('buyer-3') })).json;
      t.regex(String(own['tree']), /^shard-\d+$/);
      t.is((await server.get(path, { token: server.token('buyer-2') })).status, 404);
      const asked = `order=${orders[3]!}&buyer=buyer-3`;
      const theirs = succeeded(
        await server.get(`${LEDGER}/proof?${asked}`, { token: token() }),
      ).json;
      t.deepEqual([theirs['tree'], theirs['number']], [own['tree'], own['number']]);
      t.is((await server.get(LEDGER, { token: server.token('buyer-3') })).status, 403);
      const auditor = server.token('eve', 3_600, ['auditor']);
      t.is((await server.get(LEDGER, { token: auditor })).status, 200);
      const proved = await ledger('prove', '--order', orders[3]!, '--buyer', 'buyer-3');
      t.is(proved.code, 0, proved.stderr);
      t.regex(proved.stdout, /^ok: shard-\d+ has \d+\n/);
    },
  );

  test.serial('L1: checkpoint and tiles are served in their C2SP forms', async (t) => {
    const { checkpoint, trees } = await complete();
    const note = await fetched(`${LEDGER}/checkpoint`);
    t.regex(note.bytes.toString(), /^livedrops\/[0-9a-f]{16}\n\d+\n[\w+/]{43}=\n\n\u2014 /);
    t.regex(String(checkpoint), /^livedrops\//);
    const heads = (trees as readonly Json[]).find(({ name }) => name === 'heads')!;
    const tile = async (path: string) => {
      const query = `tree=heads&path=${encodeURIComponent(path)}`;
      return await fetched(`${LEDGER}/tile?${query}`);
    };
    const { status: found, bytes } = await tile(`tile/0/000.p/${Number(heads['size'])}`);
    t.is(found, 200);
    t.is(bytes.length, 32 * Number(heads['size']));
    t.is((await tile('tile/0/000')).status, 404);
    t.is((await tile('tile/0/0')).status, 400);
  });

  test.serial('L1: an exported bundle is verified, and a later one continues it', async (t) => {
    const before = await complete();
    const older = join(folder, 'older.bundle');
    const exported = await ledger('export', '--out', older, '--json');
    t.is(exported.code, 0, exported.stderr);
    const [key] = before['keys'] as readonly [{ verifierKey: string; keyId: string }];
    const verified = await verify(older, '--key', key.verifierKey);
    t.is(verified.code, 0, verified.output);

    const rotated = await ledger('rotate-key', '--json');
    t.is(rotated.code, 0, rotated.stderr);
    const dropId = await server.drop('dora', { stock: 5 });
    t.is((await server.order(dropId, 'ann', 'key-ann')).status, 201);
    const after = await complete();
    const keys = after['keys'] as readonly { verifierKey: string; keyId: string }[];
    t.deepEqual(keys.map(({ keyId }) => keyId).slice(1), [key.keyId]);
    const newer = join(folder, 'newer.bundle');
    t.is((await ledger('export', '--out', newer)).code, 0);
    const continued = await verify(newer, '--against', older, '--key', key.verifierKey);
    t.is(continued.code, 0, continued.output);
    t.regex(continued.output, /consistent with/);
    const from = String(before['size']);
    const rest = join(folder, 'rest.bundle');
    t.is((await ledger('export', '--out', rest, '--from', from)).code, 0);
    t.is((await verify(rest, '--against', older)).code, 0);
    t.is((await ledger('prove', '--from', from)).code, 0);

    t.is((await ledger('remove-key', key.keyId)).code, 0);
    await complete();
    t.is((await ledger('export', '--out', newer)).code, 0);
    t.is((await verify(newer, '--key', keys[0]!.verifierKey)).code, 0);
    t.is((await verify(newer, '--key', key.verifierKey)).code, 1);
  });

  test.serial(
    'L1: the ledger agrees with journals and audit log, and metrics say so',
    async (t) => {
      await complete();
      t.false('verified' in (await complete()));
      const checked = await runCommand(['ledger', 'verify', '--json', '--url', server.urls[0]!], {
        environment: server.settings,
      });
      t.deepEqual([checked.code, checked.stderr], [0, ''], checked.stdout);
      const report = JSON.parse(checked.stdout) as { leaves: number; findings: string[] };
      t.deepEqual(report.findings, []);
      t.true(report.leaves > 10);
      const { verified } = await complete();
      t.like(verified, { leaves: report.leaves, findings: [], by: 'operator' });
      const entries = await server.get('/v1/operator/audit?action=verify-ledger', {
        token: token(),
      });
      t.is((entries.json['items'] as readonly object[]).length, 1);
      const noted = { leaves: 1, erased: 0, removed: 0, findings: [] };
      const auditor = server.token('eve', 3_600, ['auditor']);
      const path = `${LEDGER}/verification`;
      t.is((await server.call('PUT', path, { token: auditor, body: noted })).status, 403);
      const pages = await Promise.all(
        server.urls.map(async (url) => await (await fetch(`${url}/metrics`)).text()),
      );
      t.true(pages.some((page) => /^livedrops_ledger_writing 1$/m.test(page)));
      for (const page of pages) t.regex(page, /^livedrops_ledger_stuck_trees 0$/m);
    },
  );
});
