// What every driver of the search index must do (Q1 to Q3, Q5).

import test, { type ExecutionContext } from 'ava';
import {
  COUNTED_MAX,
  FEW_HITS,
  STREAMS_MAX,
  type SearchDocument,
  type SearchHit,
  type SearchReader,
  type SearchWriter,
  type TextPart,
} from '../../../storage/ports/search-index.ts';
import type { SearchFilter } from '../../../contracts/search.ts';
import { searchDocument as product, searchDrop as drop } from '../search-documents.ts';
import { failsWith } from './errors.ts';

/** Both sides of an index. */
export type SearchIndex = Omit<SearchReader, 'close'> & Omit<SearchWriter, 'close'>;
type Ask = Partial<SearchFilter>;
/** More documents than a driver compares at once. */
const MORE_THAN_COMPARED = 600;

function query(text: string, ask: Ask): SearchFilter {
  return { sort: 'relevance', ...ask, text };
}

/** All hits, page by page. */
async function hits(index: SearchIndex, text: string, ask: Ask = {}, limit = 100) {
  const found: SearchHit[] = [];
  let cursor: string | null = null;
  do {
    const page = await index.search({ ...query(text, ask), page: { limit, cursor } });
    found.push(...page.hits);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return found;
}

async function names(index: SearchIndex, text: string, ask: Ask = {}, limit = 100) {
  return (await hits(index, text, ask, limit)).map(({ document }) => document.name);
}

async function ids(index: SearchIndex, text: string, ask: Ask = {}, limit = 100) {
  return (await hits(index, text, ask, limit)).map(({ document }) => document.id);
}

/** The text with what matches in brackets. */
function marked(parts: readonly TextPart[]): string {
  return parts.map(({ text, match }) => (match ? `[${text}]` : text)).join('');
}

const named = (...all: string[]) => all.map((name) => product({ name }));

/** [what is written, queries that find it, queries that do not] */
const SPELLINGS: readonly [string, readonly string[], readonly string[]][] = [
  ['Crème Brûlée', ['creme brulee', 'CRÈME', 'crème brûlée'], ['brulet x']],
  ['Straße', ['strasse', 'STRASSE', 'straße'], []],
  ['Mütze', ['mutze', 'muetze', 'MÜTZE'], []],
  ['ΟΔΥΣΣΕΥΣ', ['οδυσσευς', 'Οδυσσεύς', 'οδυσσευσ'], []],
  ['Йогурт ёлка', ['йогурт', 'елка', 'ЁЛКА'], ['игурт ель']],
  ['İstanbul ılık', ['istanbul', 'ISTANBUL', 'ilik'], []],
  ['Ｆｕｌｌ ｗｉｄｔｈ', ['full width'], []],
  ['ﬁne linen', ['fine'], []],
  ['Smørrebrød', ['smorrebrod', 'smørrebrød'], []],
  ['Łódź', ['lodz', 'łódź'], []],
  // Chinese, Japanese, Korean, Thai: any piece is found.
  ['限量版运动鞋', ['运动鞋', '鞋', '限量', '动'], ['鞋运', '皮鞋']],
  [
    'ナイキ エアジョーダン スニーカー',
    ['スニーカー', 'ジョーダン', 'ｽﾆｰｶｰ', 'エア スニーカー'],
    ['ブーツ'],
  ],
  ['東京ランナーズ限定', ['東京', '限定', 'ランナー'], ['京東']],
  ['한정판 운동화를', ['운동화', '한정', '한정판 운동'], ['구두']],
  ['รองเท้าวิ่งสีแดง', ['รองเท้า', 'วิ่ง', 'สีแดง', 'รองเท้าวิ่ง'], ['กระเป๋า']],
  // Arabic and Hebrew, with and without points.
  ['الحِذَاءُ الأزرق', ['الحذاء', 'الازرق', 'حذاء', 'أزرق'], ['كتاب']],
  ['نعل ساعة', ['ساعه'], []],
  ['שָׁלוֹם עולם', ['שלום', 'עולם'], []],
  ['हिन्दी जूते', ['जूते', 'हिन्दी'], ['हनद']],
  // Compounds.
  ['Laufschuhe', ['schuhe', 'laufschuhe', 'lauf', 'schuh'], ['hemd']],
  ['Damenwinterjacke', ['jacke', 'winterjacke', 'winter'], []],
  ['Armbanduhr', ['uhr'], []],
  ['Sonnenhüte', ['hüte'], []],
  // Signs.
  ['Party 🎉 Sneaker 👟', ['🎉', '👟', 'sneaker 👟', '🎉 party'], ['🎈']],
  ['T-Shirt', ['t-shirt', 'tshirt', 't shirt', 'T‑SHIRT', 'shirt'], []],
  ["Men's boots", ["men's", 'mens', 'men', 'men’s boots'], []],
  ["O'Neill L’Eau", ["o'neill", 'oneill', 'eau', 'leau', "l'eau"], []],
  ['rock’n’roll', ["rock'n'roll", 'rock n roll', 'rocknroll', 'roll'], []],
  // Model numbers.
  ['Retro AJ-1 Low', ['AJ-1', 'aj1', 'aj 1', 'AJ1 low', 'aj-1 lo'], ['aj2', 'aj11']],
  ['Air Max90', ['max 90', 'max90', 'max-90', '90'], ['max 9 x']],
  ['Levis 501XX denim', ['501xx', '501', '501x', '501-xx', '501 xx'], ['502', '01xx']],
  ['GTX_3080.Ti', ['gtx 3080', 'gtx3080ti', '3080', 'gtx-3080-ti'], []],
  ['H&M socks', ['h&m', 'hm', 'h m'], []],
];

/** [what is written, mistyped so that it is found, mistyped too much] */
const TYPOS: readonly [string, readonly string[], readonly string[]][] = [
  [
    'runners',
    ['runers', 'runnners', 'runnerz', 'rnuners', 'unners', 'srunners'],
    ['rners', 'runrse'],
  ],
  ['aurora', ['auorra', 'aurroa', 'aurra', 'aurora', 'avrora'], ['arra', 'uaroar']],
  ['boot', ['boto', 'boat', 'boots'], ['bxt', 'tobo']],
  ['sweatshirt', ['swetshrt', 'sweatshrit', 'weatshitr', 'sweetshart'], ['swtshrt']],
  ['cat', [], ['cta', 'cet']],
  ['кроссовки', ['кросовки', 'кроссвоик'], ['крсвк']],
];

export function searchIndexContract(open: (t: ExecutionContext) => Promise<SearchIndex>): void {
  async function filled(t: ExecutionContext, documents: readonly SearchDocument[]) {
    const index = await open(t);
    await index.feed.apply({ upserts: documents });
    return index;
  }

  test('Q1: what is applied is found, by name, creator and description', async (t) => {
    const index = await filled(t, [
      product({ name: 'Aurora Runners', creatorName: 'Nimbus', description: 'Light as air.' }),
      product({ name: 'Borealis Boots', creatorName: 'Cirrus', description: 'Warm.' }),
    ]);
    for (const text of [
      'aurora',
      'runners',
      'Aurora Runners',
      'nimbus',
      'AIR',
      'nimbus light runners',
    ])
      t.deepEqual(await names(index, text), ['Aurora Runners'], text);
    for (const text of ['aurora boots', 'cirrus light', 'zebra'])
      t.deepEqual(await names(index, text), [], text);
  });

  test('Q1: a document that is not listed, or was deleted, is found no more', async (t) => {
    const kept = product({ name: 'Kept' });
    const index = await filled(t, [kept]);
    const id = ['kept'];
    t.is((await ids(index, id[0]!)).length, 1);
    await index.feed.apply({ upserts: [{ ...kept, listed: false }] });
    t.deepEqual(await ids(index, 'kept'), []);
    t.deepEqual(await index.feed.find([kept]), [{ ...kept, listed: false }]);
    await index.feed.apply({ upserts: [kept] });
    t.is((await ids(index, 'kept')).length, 1);
    await index.feed.apply({ deletes: [{ type: 'product', id: kept.id }] });
    await index.feed.apply({ deletes: [{ type: 'product', id: kept.id }] });
    t.deepEqual(await ids(index, 'kept'), []);
    t.deepEqual(await index.feed.find([kept]), [null]);
  });

  test('Q4: a document that changes is found by its new words only', async (t) => {
    const before = product({ name: 'Borealis', description: 'old words', popularity: 3 });
    const index = await filled(t, [before]);
    const after = { ...before, name: 'Aurora', description: 'new words', popularity: 900 };
    await index.feed.apply({ upserts: [before, after] });
    t.deepEqual(await names(index, 'borealis'), []);
    t.deepEqual(await names(index, 'old'), []);
    t.deepEqual(await names(index, 'aurora'), ['Aurora']);
    t.deepEqual(await names(index, 'new words'), ['Aurora']);
    await index.feed.apply({ upserts: [{ ...after, popularity: 901 }] });
    t.deepEqual(
      (await hits(index, 'aurora')).map(({ document }) => document.popularity),
      [901],
    );
  });

  test('Q4: positions are stored with the documents, and may go back', async (t) => {
    const index = await open(t);
    t.is(await index.feed.position('changes', 3), 0);
    await index.feed.apply({
      upserts: named('One'),
      positions: [
        { name: 'changes', part: 3, sequence: 12 },
        { name: 'events', part: 3, sequence: 5 },
      ],
    });
    await index.feed.apply({ positions: [{ name: 'events', part: 3, sequence: 4 }] });
    t.is(await index.feed.position('changes', 3), 12);
    t.is(await index.feed.position('events', 3), 4);
    t.is(await index.feed.position('events', 0), 0);
  });

  test('Q4: the feed lists what it stored, by type, source, creator and product', async (t) => {
    const stored = [
      product({ id: 'a', source: 1 }),
      product({ id: 'b', source: 2, creatorId: 'u_2', listed: false }),
      product({ id: 'c', source: 1 }),
      drop({ id: 'd', productId: 'a', source: 1 }),
      drop({ id: 'e', productId: 'a' }),
      product({ type: 'creator', id: 'u_2', creatorId: 'u_2', creatorName: '' }),
    ];
    const index = await filled(t, stored);
    const { feed } = index;
    const listed = async (...ask: Parameters<typeof feed.list>) =>
      (await feed.list(...ask)).map(({ id }) => id);
    t.deepEqual(await listed({ of: 'type', type: 'product' }, null, 10), ['a', 'b', 'c']);
    t.deepEqual(await listed({ of: 'type', type: 'product' }, { type: 'product', id: 'a' }, 1), [
      'b',
    ]);
    t.deepEqual(await listed({ of: 'source', type: 'product', source: 1 }, null, 10), ['a', 'c']);
    t.deepEqual(await listed({ of: 'creator', creatorId: 'u_2' }, null, 10), ['u_2', 'b']);
    t.deepEqual(
      await listed({ of: 'creator', creatorId: 'u_2' }, { type: 'creator', id: 'u_2' }, 10),
      ['b'],
    );
    t.deepEqual(await listed({ of: 'product', productId: 'a' }, null, 10), ['d', 'e']);
    t.deepEqual(await listed({ of: 'product', productId: 'a' }, { type: 'drop', id: 'd' }, 10), [
      'e',
    ]);
    t.deepEqual(await feed.find([stored[4]!, { type: 'drop', id: 'a' }, stored[1]!]), [
      stored[4]!,
      null,
      stored[1]!,
    ]);
  });

  test('Q1: exact hits come before prefixes, prefixes before words within, typos last', async (t) => {
    const index = await filled(t, [
      product({ name: 'Runnerz', popularity: 900 }),
      product({ name: 'Forerunners', popularity: 500 }),
      product({ name: 'Runnersworld', popularity: 300 }),
      product({ name: 'Something', description: 'for runners' }),
    ]);
    t.deepEqual(await names(index, 'runners'), [
      'Something',
      'Runnersworld',
      'Forerunners',
      'Runnerz',
    ]);
    const [first] = (
      await index.search({
        ...query('runners', {}),
        page: { limit: 1, cursor: null },
        withExplanations: true,
      })
    ).hits;
    t.like(first?.explanation, {
      grade: 'exact',
      isWholeName: false,
      field: 'description',
      words: [{ word: 'runners', found: 'runners', grade: 'exact', field: 'description' }],
    });
  });

  test('Q1: only the last word of a query may be the beginning of one', async (t) => {
    const index = await filled(t, named('Aurora Runners'));
    t.is((await names(index, 'aurora run')).length, 1);
    t.is((await names(index, 'runners aur')).length, 1);
    t.is((await names(index, 'r')).length, 1);
    t.is((await names(index, 'aur runners')).length, 0);
    t.is((await names(index, 'aurora run ')).length, 0);
  });

  test('Q1: among exact hits the whole name is first, then name, creator, description', async (t) => {
    const index = await filled(t, [
      product({ name: 'Sun', description: 'aurora', popularity: 99 }),
      product({ name: 'Moon', creatorName: 'Aurora', popularity: 9 }),
      product({ name: 'Aurora Light', popularity: 1 }),
      product({ name: 'aurora' }),
    ]);
    t.deepEqual(await names(index, 'Aurora'), ['aurora', 'Aurora Light', 'Moon', 'Sun']);
  });

  test('Q1: then the order of the words, popularity, the shorter name, the later start', async (t) => {
    const index = await filled(t, [
      product({ name: 'Red Shoe of Leather', popularity: 50 }),
      product({ name: 'Shoe in Red', popularity: 90 }),
      product({ name: 'Red Shoe Two', popularity: 800 }),
      product({ name: 'Red Shoe', popularity: 0, id: 'whole' }),
      drop({ name: 'A Red Shoe x', startsAt: 5, id: 'd_2' }),
      drop({ name: 'A Red Shoe x', startsAt: 9, id: 'd_1' }),
      drop({ name: 'A Red Shoe x', startsAt: 9, id: 'd_0' }),
    ]);
    t.deepEqual(
      (await hits(index, 'red shoe')).map(({ document: { name, id } }) =>
        name === 'A Red Shoe x' ? id : name,
      ),
      ['Red Shoe', 'Red Shoe Two', 'Red Shoe of Leather', 'd_0', 'd_1', 'd_2', 'Shoe in Red'],
    );
    const again = await ids(index, 'red shoe');
    t.deepEqual(await ids(index, 'red shoe'), again);
  });

  test('Q1: words are found in every spelling of every script', async (t) => {
    const index = await filled(
      t,
      SPELLINGS.map(([name], number) => product({ id: String(number), name })),
    );
    for (const [number, [name, finding, missing]] of SPELLINGS.entries()) {
      for (const text of finding)
        t.true((await ids(index, text)).includes(String(number)), `${text} finds ${name}`);
      for (const text of missing)
        t.false((await ids(index, text)).includes(String(number)), `${text} does not find ${name}`);
    }
  });

  test('Q2: one typo from 4 letters and two from 8 are forgiven, and no more', async (t) => {
    const index = await filled(
      t,
      TYPOS.map(([name], number) => product({ id: String(number), name })),
    );
    for (const [number, [name, finding, missing]] of TYPOS.entries()) {
      for (const text of finding)
        t.true((await ids(index, text)).includes(String(number)), `${text} finds ${name}`);
      for (const text of missing)
        t.false((await ids(index, text)).includes(String(number)), `${text} does not find ${name}`);
    }
  });

  test('Q2: a mistyped word among right ones is found, and the correction told', async (t) => {
    const index = await filled(t, named('Aurora Runners', 'Aurora Boots', 'Polar Runners'));
    t.deepEqual(await names(index, 'aurora runers'), ['Aurora Runners']);
    const page = await index.search({
      ...query('auorra runers', {}),
      page: { limit: 5, cursor: null },
      withExplanations: true,
    });
    t.deepEqual(page.corrections, [
      { word: 'auorra', found: 'aurora' },
      { word: 'runers', found: 'runners' },
    ]);
    t.is(page.hits[0]?.explanation?.grade, 'typo');
  });

  test('Q2: the nearest name is first, however many popular documents are nearly as near', async (t) => {
    const many = (made: Partial<SearchDocument>) =>
      Array.from({ length: MORE_THAN_COMPARED }, () => product({ ...made, popularity: 1_000 }));
    const index = await filled(t, [
      product({ name: 'Parasitic' }),
      ...many({ name: 'Plastic' }),
      product({ name: 'Performance' }),
      ...many({ name: 'Shoe', description: 'performance' }),
    ]);
    for (const [wrong, right] of [
      ['parastic', 'Parasitic'],
      ['perforamnce', 'Performance'],
    ] as const) {
      const { hits: found } = await index.search({
        ...query(wrong, {}),
        page: { limit: 5, cursor: null },
      });
      t.is(found[0]?.document.name, right);
      t.is((await ids(index, wrong)).length, MORE_THAN_COMPARED + 1);
      t.is(new Set(await ids(index, wrong)).size, MORE_THAN_COMPARED + 1);
    }
  });

  test('Q2: typos are not looked for where enough is found without', async (t) => {
    const many = Array.from({ length: FEW_HITS }, (_, n) => product({ name: `Runner ${n}` }));
    const index = await filled(t, [...many, product({ name: 'Runnel', popularity: 9 })]);
    t.is((await names(index, 'runner')).length, FEW_HITS);
    await index.feed.apply({ deletes: [many[0]!] });
    t.is((await names(index, 'runner')).length, FEW_HITS);
    t.is((await names(index, 'runner')).at(-1), 'Runnel');
  });

  test('Q1: filters let through what they name, together with words and without', async (t) => {
    const index = await filled(t, [
      product({ id: 'p', name: 'Red shoe' }),
      product({ type: 'creator', id: 'c', creatorId: 'c', name: 'Red', creatorName: '' }),
      drop({ id: 'd1', name: 'Red shoe', status: 'live', amount: 1000, creatorId: 'c' }),
      drop({ id: 'd2', name: 'Red shoe', status: 'upcoming', amount: 2000, currency: 'USD' }),
      drop({ id: 'd3', name: 'Red boot', status: 'ended', amount: 3000 }),
      drop({ id: 'd4', name: 'Red boot', status: 'cancelled', amount: 1_000_000 }),
    ]);
    const all: readonly [Ask, readonly string[]][] = [
      [{ type: 'product' }, ['p']],
      [{ type: 'creator' }, ['c']],
      [{ type: 'drop' }, ['d1', 'd2', 'd3', 'd4']],
      [{ status: 'live' }, ['d1']],
      [{ status: 'upcoming', type: 'drop' }, ['d2']],
      [{ status: 'live', type: 'product' }, []],
      [{ creatorId: 'c' }, ['c', 'd1']],
      [{ creatorId: 'C' }, []],
      [{ currency: 'EUR' }, ['d1', 'd3', 'd4']],
      [{ amountMin: 1000 }, ['d1', 'd2', 'd3', 'd4']],
      [{ amountMin: 1001 }, ['d2', 'd3', 'd4']],
      [{ amountMax: 2000 }, ['d1', 'd2']],
      [{ amountMin: 2000, amountMax: 3000 }, ['d2', 'd3']],
      [{ amountMin: 2001, amountMax: 2999 }, []],
      [{ amountMin: 3001, currency: 'EUR', status: 'cancelled' }, ['d4']],
      [{ amountMax: 0 }, []],
    ];
    for (const [ask, expected] of all) {
      for (const text of ['red', '', 'rad'])
        t.deepEqual(
          (await ids(index, text, ask)).toSorted(),
          text === 'rad' ? [] : expected,
          `${text} ${JSON.stringify(ask)}`,
        );
    }
    t.deepEqual((await ids(index, 'boot', { currency: 'EUR' })).toSorted(), ['d3', 'd4']);
    await index.feed.apply({ upserts: [drop({ id: 'd2', name: 'Red shoe', status: 'live' })] });
    t.deepEqual((await ids(index, 'red', { status: 'live' })).toSorted(), ['d1', 'd2']);
  });

  test('Q1: hits come newest first, by their start, or by their price, where asked for', async (t) => {
    const index = await filled(t, [
      product({ id: 'p', name: 'Hat', createdAt: 40 }),
      drop({ id: 'd1', name: 'Hat', createdAt: 10, startsAt: 300, amount: 20 }),
      drop({ id: 'd2', name: 'Sun hat', createdAt: 30, startsAt: 100, amount: 10 }),
      drop({ id: 'd3', name: 'Straw hat', createdAt: 20, startsAt: 200, amount: 30 }),
      drop({ id: 'd4', name: 'Coat', createdAt: 50, startsAt: 50, amount: 5 }),
    ]);
    for (const limit of [1, 2, 10]) {
      t.deepEqual(await ids(index, 'hat', { sort: 'newest' }, limit), ['p', 'd2', 'd3', 'd1']);
      t.deepEqual(await ids(index, 'hat', { sort: 'starting' }, limit), ['d2', 'd3', 'd1']);
      t.deepEqual(await ids(index, 'hat', { sort: 'price' }, limit), ['d2', 'd1', 'd3']);
      t.deepEqual(await ids(index, '', { sort: 'newest' }, limit), ['d4', 'p', 'd2', 'd3', 'd1']);
      t.deepEqual(await ids(index, '', { sort: 'price' }, limit), ['d4', 'd2', 'd1', 'd3']);
    }
  });

  test('Q3: pages of every size have each hit once, in one order', async (t) => {
    const words = ['Aurora', 'Runner', 'Red', 'Light', 'Runners', 'Foreruner', 'Air'];
    const documents = Array.from({ length: 160 }, (_, n) =>
      product({
        name: `${words[n % 7]} ${words[(n * 3) % 5]} ${n % 11}`,
        creatorName: words[(n * 5) % 6]!,
        description: n % 4 === 0 ? 'a runner in red' : '',
        popularity: (n * 37) % 200,
        createdAt: n % 13,
      }),
    );
    const index = await filled(t, documents);
    for (const text of ['runner', 'red run', 'aurora 3', '']) {
      const whole = await ids(index, text, {}, 100);
      t.is(new Set(whole).size, whole.length);
      t.true(whole.length > 3);
      for (const limit of [1, 7, 20]) t.deepEqual(await ids(index, text, {}, limit), whole);
    }
    const newest = await ids(index, 'runner', { sort: 'newest' }, 100);
    t.deepEqual(await ids(index, 'runner', { sort: 'newest' }, 9), newest);
  });

  test('Q3: a cursor of another query is refused', async (t) => {
    const index = await filled(t, named('Hat one', 'Hat two', 'Hat three'));
    const ask = query('hat', {});
    const { nextCursor } = await index.search({ ...ask, page: { limit: 1, cursor: null } });
    t.truthy(nextCursor);
    const page = { limit: 1, cursor: nextCursor };
    for (const other of [
      { ...ask, text: 'hats', page },
      { ...ask, sort: 'newest' as const, page },
      { ...ask, type: 'product' as const, page },
      { ...ask, page: { limit: 1, cursor: 'x' } },
      { ...ask, page: { limit: 1, cursor: `${nextCursor}=` } },
      { ...ask, page: { limit: 1, cursor: 'A'.repeat(5000) } },
    ])
      await failsWith(t, 'invalid-cursor', index.search(other));
  });

  test('Q3: a stream has one state, whatever changes meanwhile, and streams are bounded', async (t) => {
    const documents = Array.from({ length: 700 }, (_, n) => product({ name: `Hat ${n}` }));
    const index = await filled(t, documents);
    const stream = await index.stream(query('hat', {}));
    const first = await stream!.next();
    await index.feed.apply({ deletes: documents, upserts: named('Hat new') });
    const found = [...first!];
    for (let chunk = await stream!.next(); chunk !== null; chunk = await stream!.next())
      found.push(...chunk);
    t.is(new Set(found.map(({ document }) => document.id)).size, 700);
    t.is(found.length, 700);
    await stream!.close();
    t.deepEqual(await names(index, 'hat'), ['Hat new']);
    const streams = [];
    for (let next = await index.stream(query('hat', {})); next !== null; ) {
      streams.push(next);
      next = await index.stream(query('hat', {}));
    }
    t.is(streams.length, STREAMS_MAX);
    await streams[0]!.close();
    await streams[0]!.close();
    const another = await index.stream(query('hat', {}));
    t.is((await another!.next())?.length, 1);
    t.is(await another!.next(), null);
    for (const one of streams) await one.close();
  });

  test('Q1: what matches is marked, and the description is a snippet', async (t) => {
    const far = `${'Nothing here to see at all. '.repeat(30)}The aurora <b>glows</b> at night.`;
    const index = await filled(t, [
      product({ name: 'Aurora & AJ-1 Laufschuhe', creatorName: 'Ada', description: far }),
      product({ name: '限量版运动鞋 <script>' }),
    ]);
    const [hit] = await hits(index, 'aurora aj1 schuhe ada');
    t.is(marked(hit!.name), '[Aurora] & [AJ-1] Lauf[schuhe]');
    t.is(marked(hit!.creatorName), '[Ada]');
    t.regex(marked(hit!.description), /^….*The \[aurora\] <b>glows<\/b> at night\.$/);
    t.false('description' in hit!.document);
    t.is(marked((await hits(index, '运动'))[0]!.name), '限量版[运动]鞋 <script>');
    t.is(marked((await hits(index, 'auro'))[0]!.name), '[Auro]ra & AJ-1 Laufschuhe');
    t.is(marked((await hits(index, 'auorra'))[0]!.name), '[Aurora] & AJ-1 Laufschuhe');
  });

  test('Q1: hits are counted by status, whichever status is asked for', async (t) => {
    const of = (status: SearchDocument['status'], count: number) =>
      Array.from({ length: count }, () => drop({ name: 'Hat', status }));
    const index = await filled(t, [
      ...of('live', 3),
      ...of('ended', COUNTED_MAX + 1),
      ...of('upcoming', COUNTED_MAX),
      product({ name: 'Hat' }),
      drop({ name: 'Coat', status: 'cancelled' }),
    ]);
    for (const status of [undefined, 'live'] as const) {
      const page = await index.search({
        ...query('hat', { status }),
        page: { limit: 1, cursor: null },
        withCounts: true,
      });
      t.deepEqual(page.counts, [
        { status: 'upcoming', count: COUNTED_MAX, isExact: true },
        { status: 'live', count: 3, isExact: true },
        { status: 'ended', count: COUNTED_MAX, isExact: false },
      ]);
    }
    const { counts } = await index.search({
      ...query('hat', {}),
      page: { limit: 1, cursor: null },
    });
    t.is(counts, null);
  });

  test('Q1: suggestions complete what was typed, the best first, each name once', async (t) => {
    const index = await filled(t, [
      product({ name: 'Aurora Runners', popularity: 5 }),
      drop({ name: 'Aurora Runners' }),
      product({ name: 'Aurora Rugs', popularity: 50 }),
      product({ name: 'Boots', description: 'aurora run' }),
      product({ type: 'creator', id: 'u_9', name: 'Aurora', creatorName: '' }),
    ]);
    const suggested = async (text: string, ...rest: [('product' | 'drop' | 'creator')?, number?]) =>
      (await index.suggest(text, rest[0] ?? null, rest[1] ?? 10)).map(({ name }) => marked(name));
    t.deepEqual(await suggested('aurora ru'), ['[Aurora] [Ru]gs', '[Aurora] [Ru]nners']);
    t.deepEqual(await suggested('aur', 'creator'), ['[Aur]ora']);
    t.deepEqual(await suggested('auorra'), ['[Aurora] Rugs', '[Aurora] Runners', '[Aurora]']);
    t.is((await suggested('a', undefined, 2)).length, 2);
    t.deepEqual(await suggested(''), []);
    t.deepEqual(await suggested('zzz'), []);
  });

  test('Q3: what no query should be is answered all the same', async (t) => {
    const index = await filled(t, named('Hat', 'Coat'));
    const odd = [
      '*',
      '%',
      '_',
      '"',
      '""',
      "'",
      '(',
      ')',
      'hat*',
      '"hat"',
      'hat OR coat',
      'NOT hat',
      'name:hat',
      'hat AND',
      '^hat',
      'hat + coat',
      '\0',
      '\ud83d',
      '\u0301',
      '-',
      '- -',
      '{name}:hat',
      '\n\t',
      'hat NEAR(coat)',
      'a'.repeat(100_000),
      'hat '.repeat(200),
      '鞋'.repeat(5000),
      '🎉'.repeat(999),
      Array.from({ length: 200 }, (_, n) => `word${n}`).join(' '),
    ];
    for (const text of odd) t.true(Array.isArray(await ids(index, text)), text.slice(0, 20));
    t.deepEqual(await names(index, 'hat*'), ['Hat']);
    t.deepEqual(await names(index, 'hat '.repeat(200)), ['Hat']);
    t.deepEqual(await names(index, 'hat OR coat'), []);
    t.is((await names(index, ' * ')).length, 2, 'no word: everything');
  });

  test('Q4: a rebuilt index takes the place of the old one, which serves until then', async (t) => {
    const index = await filled(t, named('Old hat'));
    await index.feed.apply({ positions: [{ name: 'events', part: 0, sequence: 9 }] });
    const { nextCursor } = await index.search({
      ...query('', {}),
      page: { limit: 1, cursor: null },
    });
    t.is(nextCursor, null);
    t.false(await index.isRebuilding());
    const rebuild = await index.rebuild();
    t.false(rebuild.isResumed);
    t.is(await rebuild.feed.position('events', 0), 0);
    await rebuild.feed.apply({
      upserts: named('New hat', 'New coat'),
      positions: [{ name: 'events', part: 0, sequence: 4 }],
    });
    t.true(await index.isRebuilding());
    const same = await index.rebuild();
    t.true(same.isResumed);
    t.is(await same.feed.position('events', 0), 4);
    t.is((await same.size()).listed, 2);
    t.deepEqual(await names(index, 'hat'), ['Old hat']);
    await index.feed.apply({ upserts: named('Older hat') });
    const stream = await index.stream(query('hat', {}));
    const upserts = named('Newest hat');
    // Between its steps, if it has any, and behind them.
    while (await rebuild.finish()) await rebuild.feed.apply({ upserts });
    await rebuild.feed.apply({ upserts });
    await rebuild.swapIn();
    t.is((await stream!.next())?.length, 2, 'a stream keeps its moment');
    await stream!.close();
    t.deepEqual((await names(index, 'hat')).toSorted(), ['New hat', 'Newest hat']);
    t.is(await index.feed.position('events', 0), 4);
    t.false(await index.isRebuilding());
    await index.feed.apply({ upserts: named('Newer hat') });
    t.is((await names(index, 'hat')).length, 3);
    const abandoned = await index.rebuild();
    await abandoned.feed.apply({ upserts: named('Never hat') });
    await abandoned.abandon();
    t.false(await index.isRebuilding());
    t.is((await names(index, 'hat')).length, 3);
    t.is((await (await index.rebuild()).size()).stored, 0);
  });

  test('L3: the index says how much is in it', async (t) => {
    const index = await filled(t, [...named('Aurora', 'Aurora Boots'), product({ listed: false })]);
    const size = await index.size();
    t.is(size.stored, 3);
    t.is(size.listed, 2);
    t.true(size.words >= 2);
  });
}
