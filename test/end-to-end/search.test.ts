// Search against the whole server: what is sold is found, as it is now, and by nobody what is not
// public (Q1 to Q5).

import { journeyOnEachProfile } from './profiles.ts';
import { type Answer, dropTerms, eventually, type Json } from './sale-client.ts';
import type { SaleServer } from './sale-server.ts';
import { onBoth, startSearchServer } from './search-server.ts';

/** For a machine that is busy with other tests. */
const FOUND_MAX_MS = 60_000;

interface Part {
  readonly text: string;
  readonly match: boolean;
}

function itemsOf({ json }: Answer): Json[] {
  return (json['items'] as Json[] | undefined) ?? [];
}

function idsOf(answer: Answer): string[] {
  return itemsOf(answer).map(({ id }) => String(id));
}

function marked(parts: unknown): string {
  return (parts as Part[]).map(({ text, match }) => (match ? `[${text}]` : text)).join('');
}

journeyOnEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await startSearchServer(profile);
  });
  test.after.always(() => server?.stop());

  const search = (query: string, headers: Record<string, string> = {}) =>
    server.get(`/v1/search?${query}`, { headers });
  const found = (query: string, matches: (answer: Answer) => boolean) =>
    onBoth(() => search(query), matches);

  /** A creator with an account, a product and a drop of it that is live. */
  async function sell(creator: string, name: string, terms: Json = {}) {
    const { id, session } = await server.register(creator);
    const token = String(session['accessToken']);
    const body = { name, description: `${name}, made by hand.` };
    const product = await server.post(`/v1/creators/${id}/products`, { token, body });
    const productId = String(product.json['id']);
    const path = `/v1/products/${productId}/drops`;
    const drop = await server.post(path, { token, body: { ...dropTerms(), ...terms } });
    if (drop.status !== 201) throw new Error(`the drop was answered ${drop.text}`);
    return { id, token, productId, dropId: String(drop.json['id']) };
  }

  test('Q1, Q2: what is sold is found by its words, mistyped ones too, with highlights', async (t) => {
    const { id, productId, dropId } = await sell('Zelda Quill', 'Aurora runners');
    // The account and the product are in different parts of the stream.
    const whole = (answer: Answer) =>
      itemsOf(answer).filter(({ creatorName }) => creatorName === 'Zelda Quill').length === 2;
    const answer = await found('q=aurora+runers', whole);
    t.is(answer.status, 200);
    t.deepEqual(idsOf(answer).toSorted(), [dropId, productId].toSorted());
    t.deepEqual(answer.json['corrections'], [{ word: 'runers', found: 'runners' }]);
    t.deepEqual(answer.json['counts'], [{ status: 'live', count: 1, isExact: true }]);
    t.is(answer.headers.get('cache-control'), 'public, max-age=1');
    t.regex(answer.headers.get('search-lag')!, /^\d+\.\d$/);
    const drop = itemsOf(answer).find((item) => item['type'] === 'drop')!;
    t.like(drop, {
      name: 'Aurora runners',
      creatorId: id,
      creatorName: 'Zelda Quill',
      productId,
      status: 'live',
      unitAmount: 1500,
      currency: 'EUR',
    });
    const { name, description } = drop['highlights'] as Json;
    t.is(marked(name), '[Aurora] [runners]');
    t.is(marked(description), '[Aurora] [runners], made by hand.');
    const creators = await found('q=zelda+quill&type=creators', (one) => idsOf(one).length === 1);
    t.deepEqual(idsOf(creators), [id]);
    const etag = answer.headers.get('etag')!;
    const again = () => search('q=aurora+runers', { 'if-none-match': etag });
    t.is((await eventually(again, ({ status }) => status === 304, FOUND_MAX_MS)).status, 304);
  });

  test('Q5: the status in results is the present one, and filters go by it', async (t) => {
    const { token, dropId } = await sell('Yara', 'Obsidian kettle');
    const live = 'q=obsidian&type=drops&status=live';
    t.deepEqual(idsOf(await found(live, (one) => idsOf(one).length === 1)), [dropId]);
    await server.post(`/v1/drops/${dropId}/cancel`, { token });
    t.deepEqual(idsOf(await found(live, (one) => idsOf(one).length === 0)), []);
    const cancelled = await found('q=obsidian&status=cancelled', (one) => idsOf(one).length === 1);
    t.deepEqual(idsOf(cancelled), [dropId]);
  });

  test('Q1: filters, sorts and bounds of prices', async (t) => {
    const seller = await sell('Xenia', 'Heron scarf', { unitAmount: 3000 });
    const { token, productId } = seller;
    const more = [];
    for (const unitAmount of [1000, 2000]) {
      const body = { ...dropTerms(), unitAmount };
      const made = await server.post(`/v1/products/${productId}/drops`, { token, body });
      more.push(String(made.json['id']));
    }
    const [cheap, middle] = more as [string, string];
    const byPrice = 'q=heron&type=drops&sort=price';
    const all = await found(byPrice, (one) => idsOf(one).length === 3);
    t.deepEqual(idsOf(all), [cheap, middle, seller.dropId]);
    const within = await search(`${byPrice}&min=1500&max=2500&currency=EUR`);
    t.deepEqual(idsOf(within), [middle]);
    t.deepEqual(idsOf(await search(`${byPrice}&currency=JPY`)), []);
    t.deepEqual(idsOf(await search(`${byPrice}&creator_id=somebody`)), []);
    t.deepEqual(idsOf(await search(`q=heron&creator_id=${seller.id}&type=products`)), [productId]);
    for (const wrong of ['type=drop', 'status=draft', 'min=-1', 'sort=best', 'cursor=x', 'x=1'])
      t.is((await search(`q=heron&${wrong}`)).status, 400, wrong);
  });

  test('Q3: pages follow each other, and a whole result comes as lines', async (t) => {
    const { id, token } = await sell('Wim', 'Walnut bowl');
    const products = Array.from({ length: 24 }, (_, i) => `Walnut tray ${i}`);
    for (const name of products)
      await server.post(`/v1/creators/${id}/products`, { token, body: { name } });
    const query = 'q=walnut&sort=newest';
    await found(`${query}&limit=100`, (one) => idsOf(one).length === 26);
    const one = await found(`${query}&limit=100`, (answer) => idsOf(answer).length === 26);
    const paged: string[] = [];
    let cursor = '';
    do {
      const page = await search(`${query}&limit=10${cursor}`);
      t.is(page.status, 200, page.text);
      paged.push(...idsOf(page));
      const next = page.json['nextCursor'];
      cursor = typeof next === 'string' ? `&cursor=${next}` : '';
    } while (cursor !== '');
    t.deepEqual(paged, idsOf(one));
    const lines = await search(query, { accept: 'application/x-ndjson' });
    t.is(lines.headers.get('content-type'), 'application/x-ndjson');
    const items = lines.text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id);
    t.deepEqual(items, paged);
  });

  test('Q1: drafts and buyers are found by nobody, and a deleted account no more', async (t) => {
    const { id, token, productId, dropId } = await sell('Vera', 'Quartz clock');
    await server.register('Quartz Buyer');
    const draft = { ...dropTerms(), draft: true };
    const made = await server.post(`/v1/products/${productId}/drops`, { token, body: draft });
    t.is(made.status, 201);
    const two = await found('q=quartz', (one) => idsOf(one).length === 2);
    t.is(idsOf(two).length, 2);
    t.false(idsOf(two).includes(String(made.json['id'])));
    await server.soon(dropId, id, 'endsAt');
    const body = { password: 'correct horse battery' };
    const gone = () => server.post('/v1/account/deletion', { token, body });
    t.is((await eventually(gone, ({ status }) => status === 202, FOUND_MAX_MS)).status, 202);
    t.deepEqual(idsOf(await found('q=quartz', (one) => idsOf(one).length === 0)), []);
    const ofCreator = await found(`creator_id=${id}`, (one) => idsOf(one).length === 0);
    t.deepEqual(idsOf(ofCreator), []);
  });

  test('Q1, A11: what operators take down is not found, until it is shown again', async (t) => {
    const { productId } = await sell('Sol', 'Marble vase');
    await found('q=marble', (one) => idsOf(one).length === 2);
    const token = server.token('olga', 3600, ['operator']);
    const path = `/v1/operator/take-downs/products/${productId}`;
    t.is((await server.call('PUT', path, { token, body: {} })).status, 200);
    t.deepEqual(idsOf(await found('q=marble', (one) => idsOf(one).length === 0)), []);
    t.is((await server.call('DELETE', path, { token })).status, 204);
    t.is(idsOf(await found('q=marble', (one) => idsOf(one).length === 2)).length, 2);
  });

  test('Q1: suggestions complete what is typed; reasons are for operators', async (t) => {
    await sell('Uma', 'Saffron teapot');
    await found('q=saffron', (one) => idsOf(one).length === 2);
    const suggested = await eventually(
      () => server.get('/v1/search/suggest?q=saff&type=products'),
      (one) => itemsOf(one).length === 1,
      FOUND_MAX_MS,
    );
    t.is(marked(itemsOf(suggested)[0]!['name']), '[Saff]ron teapot');
    const explained = '/v1/search?q=saffron&explain=true';
    t.is((await server.get(explained)).status, 401);
    t.is((await server.get(explained, { as: 'ben' })).status, 403);
    const operator = server.token('olga', 3600, ['operator']);
    const answer = await server.get(explained, { token: operator });
    t.is(answer.headers.get('cache-control'), 'private, no-store');
    t.like(itemsOf(answer)[0]!['explanation'], { grade: 'exact', field: 'name' });
    t.false('explanation' in itemsOf(await search('q=saffron'))[0]!);
  });

  test('Q4: operators see each index and make it anew while it is used', async (t) => {
    await sell('Tess', 'Tundra boots');
    await found('q=tundra', (one) => idsOf(one).length === 2);
    const token = server.token('olga', 3600, ['operator']);
    const nodes = async () => {
      const { json } = await server.get('/v1/operator/search', { token });
      return json['items'] as { node: string; index: { rebuilds: number } | null }[];
    };
    const before = await nodes();
    t.is(before.length, profile === 'cluster' ? 2 : 1);
    const path = `/v1/operator/search/${before[0]!.node}/rebuild`;
    t.is((await server.post(path, { as: 'ben' })).status, 403);
    t.is((await server.post('/v1/operator/search/nobody/rebuild', { token })).status, 404);
    t.is((await server.post(path, { token })).status, 202);
    const isRebuilt = (now: Awaited<ReturnType<typeof nodes>>) =>
      now[0]?.index?.rebuilds === before[0]!.index!.rebuilds + 1;
    t.true(isRebuilt(await eventually(nodes, isRebuilt, FOUND_MAX_MS)));
    t.is(idsOf(await search('q=tundra')).length, 2);
    const ready = await server.get('/readyz');
    t.like(ready.json['search'], { isBuilding: false });
  });
});
