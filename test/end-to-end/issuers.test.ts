// Tokens of two other issuers, against the whole server: who they are, what they may, and keys that
// rotate while the sale runs.

import { type IssuerKeyPair, IssuerServer, signWith } from '../servers/issuer-server.ts';
import { LiveClient } from './live-client.ts';
import { onEachProfile } from './profiles.ts';
import { eventually } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

onEachProfile((test, profile) => {
  let server: SaleServer;
  let main: IssuerServer;
  let partner: IssuerServer;
  let mainKey: IssuerKeyPair;
  let partnerKey: IssuerKeyPair;

  test.before(async () => {
    main = await IssuerServer.start();
    partner = await IssuerServer.start();
    mainKey = main.addKey('ES256');
    partnerKey = partner.addKey('EdDSA');
    server = await SaleServer.start(profile, {
      LIVEDROPS_AUTH_ISSUER: `${main.url} partner=${partner.url}`,
      LIVEDROPS_AUTH_AUDIENCE: 'livedrops',
      LIVEDROPS_AUTH_JWKS: `partner=${partner.url}/jwks`,
      LIVEDROPS_AUTH_ROLES: 'groups:staff=operator',
    });
    // On a busy machine the first fetch of keys may have failed: the next one is 10 s later.
    const tokens = [
      signWith(mainKey, main.claims('early')),
      signWith(partnerKey, partner.claims('early')),
    ];
    await eventually(
      () =>
        Promise.all(
          server.urls.flatMap((url) =>
            tokens.map(async (token) => (await server.get('/v1/orders', { token, url })).status),
          ),
        ),
      (statuses) => statuses.every((status) => status === 200),
      60_000,
    );
  });
  test.after.always(async () => {
    await server?.stop();
    await Promise.all([main?.stop(), partner?.stop()]);
  });

  const order = (dropId: string, token: string, key: string) =>
    server.post(`/v1/drops/${dropId}/orders`, {
      token,
      headers: { 'idempotency-key': key },
      body: { quantity: 1 },
    });

  test.serial('A4: two issuers’ equal subs order, watch and read as two users', async (t) => {
    const dropId = await server.drop(server.fresh('creator'), { stock: 10, limitPerUser: 1 });
    const sub = server.fresh('ann');
    const tokens = [
      signWith(mainKey, main.claims(sub)),
      signWith(partnerKey, partner.claims(sub)),
      server.token(`@partner:${sub}`),
    ] as const;
    const clients = await Promise.all(
      tokens.map((token, i) =>
        LiveClient.listen(t, server, i === 0 ? sub : `@partner:${sub}`, token),
      ),
    );
    const [first, second] = [
      await order(dropId, tokens[0], 'k'),
      await order(dropId, tokens[1], 'k'),
    ];
    t.deepEqual([first.status, second.status], [201, 201]);
    t.not(first.json['id'], second.json['id']);
    // The same user by one's own token: the first order again.
    const again = await order(dropId, tokens[2], 'k');
    t.is(again.json['id'], second.json['id']);
    t.is(
      (await server.get(`/v1/orders/${String(first.json['id'])}`, { token: tokens[1] })).status,
      404,
    );
    for (const client of clients) await client.next(({ type }) => type === 'notification');
    const feed = await server.get('/v1/notifications', { token: tokens[1] });
    t.is((feed.json['items'] as unknown[]).length, 1);
  });

  test.serial('A4: roles are those of the configured rules', async (t) => {
    const nodes = (claims: Record<string, unknown>, pair = mainKey) =>
      server.get('/v1/operator/nodes', { token: signWith(pair, claims) });
    t.is((await nodes(main.claims('boss', { roles: ['operator'] }))).status, 403);
    t.is((await nodes(main.claims('boss', { groups: ['staff'] }))).status, 200);
    t.is((await nodes(partner.claims('boss', { groups: ['staff'] }), partnerKey)).status, 403);
    t.is((await nodes(main.claims('boss', { groups: ['staff'], aud: 'other' }))).status, 401);
    const forged = { ...partnerKey, kid: mainKey.kid };
    t.is((await nodes(main.claims('boss', { groups: ['staff'] }), forged)).status, 401);
  });

  test.serial(
    'A4: a thousand calls fetch no key, and a rotated key is found by itself',
    async (t) => {
      const asked = main.asked.length;
      const token = signWith(mainKey, main.claims('bob'));
      for (let i = 0; i < 20; i++) {
        const answers = await Promise.all(
          Array.from({ length: 50 }, () => server.get('/v1/notifications', { token })),
        );
        t.true(answers.every(({ status }) => status === 200));
      }
      t.is(main.asked.length, asked);
      const rotated = signWith(main.addKey('RS256'), main.claims('bob'));
      const statuses = new Set<number>();
      const { status } = await eventually(
        async () => {
          const answer = await server.get('/v1/notifications', { token: rotated });
          statuses.add(answer.status);
          if (answer.status === 503) t.truthy(answer.headers.get('retry-after'));
          return answer;
        },
        (answer) => answer.status === 200,
        30_000,
      );
      t.is(status, 200);
      t.false(statuses.has(401));
      t.is((await server.get('/v1/notifications', { token })).status, 200);
    },
  );
});
