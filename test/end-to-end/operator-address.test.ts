// Operators and monitoring at an address of their own (X4), on both profiles, and the command line
// that finds it.

import { runCommand } from '../operator/run-command.ts';
import { onEachProfile } from './profiles.ts';
import { SaleServer } from './sale-server.ts';

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile, { LIVEDROPS_ADMIN_PORT: '0' });
  });
  test.after.always(() => server?.stop());

  const operator = () => server.token('boss', 60, ['operator']);

  test('X4: operators’ routes, metrics and reasons are at their address, and nowhere else', async (t) => {
    for (const [index, url] of server.operatorUrls.entries()) {
      t.not(url, server.urls[index]!);
      t.is((await server.get('/metrics', { url })).status, 200);
      t.true(Array.isArray((await server.get('/readyz', { url })).json['reasons']));
      t.is((await server.get('/v1/operator/nodes', { url })).status, 401);
      const token = operator();
      t.is((await server.get('/v1/operator/nodes', { url, token })).status, 200);
    }
    for (const url of server.urls) {
      const token = operator();
      const headers = { authorization: `Bearer ${token}` };
      // OpenAPI says that they are elsewhere, and so describes no answers of here.
      const statusOf = async (method: string, path: string) =>
        (await fetch(`${url}${path}`, { method, headers })).status;
      t.is(await statusOf('GET', '/metrics'), 404);
      t.is(await statusOf('GET', '/v1/operator/nodes'), 404);
      t.is(await statusOf('POST', '/v1/operator/verify'), 404);
      t.deepEqual(Object.keys((await server.get('/readyz', { url, token })).json), ['ready']);
    }
  });

  test('X4: nodes are listed with their operators’ addresses, which the command line uses', async (t) => {
    const listed = await runCommand(['nodes', '--json'], { environment: server.settings });
    t.is(listed.code, 0, listed.stderr);
    const nodes = JSON.parse(listed.stdout) as { url: string }[];
    t.deepEqual(nodes.map(({ url }) => url).toSorted(), [...server.operatorUrls].toSorted());
  });
});
