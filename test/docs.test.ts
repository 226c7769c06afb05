// Keeps the documentation true where a machine can tell: what it points to exists, and what it
// lists is what the code has.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { describeConfig } from '../composition/config.ts';
import { aboutSetting, SETTING_NAMES, SETTINGS } from '../composition/settings.ts';
import { parseLimits } from '../composition/limits-file.ts';
import type { RatePolicy } from '../domain/rate-limiter.ts';
import { DEFAULT_STREAM_BOUNDS, ratePoliciesOf } from '../gateway/http/limits.ts';
import { DEFAULT_RATE_POLICIES, type RateClass } from '../gateway/http/rate-limits.ts';
import { PROBLEMS } from '../gateway/http/problems.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS =
  'contracts|app|domain|storage|actors|events|services|gateway|media|composition|operator|sdk|' +
  'examples|bench|test|scripts|docs';
const FILE = new RegExp(
  `^(?:(?:${FOLDERS})/[\\w./-]*|[\\w-]+(?:\\.[\\w-]+)*\\.(?:ts|mjs|md|json))$`,
);

/** Rates in the README's table. */
const WORDS_OF_RATES: Record<RateClass, string> = {
  orders: 'orders',
  writes: 'other writes',
  reads: 'reads, and opening live streams',
  searches: 'searches',
  'log-ins': 'registering and logging in',
  exchanges: "tokens for a shop's users",
  'bad-tokens': 'bad access tokens, but expired ones',
};

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

const pages = [
  'README.md',
  'CHANGELOG.md',
  'bench/README.md',
  'sdk/README.md',
  ...globSync('docs/**/*.md', { cwd: ROOT }),
];

/** What stands in backticks in the running text, outside of blocks of code. */
function quoted(text: string): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '');
  return [...prose.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!);
}

function rows(text: string): string[] {
  return text.split('\n').filter((line) => line.startsWith('|'));
}

/** The anchors that headings get where Markdown is shown. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

test('every relative link leads somewhere', (t) => {
  for (const page of pages) {
    for (const [, target = ''] of read(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : normalize(join(dirname(page), path));
      t.true(existsSync(join(ROOT, file)), `${page} links to ${target}`);
      if (anchor !== undefined) t.true(anchors(read(file)).includes(anchor), `${page}: ${target}`);
    }
  }
});

test('the servers of the tour have ports of their own, and so have their media, one above', (t) => {
  const tour = read('README.md').split('\n## A tour\n')[1]!.split('\n## ')[0]!;
  const ports = new Set([...tour.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port)));
  t.true(ports.size > 1);
  for (const port of ports) t.false(ports.has(port + 1), `${port} and ${port + 1}`);
});

test('every file named in the text exists', (t) => {
  for (const page of pages) {
    for (const name of quoted(read(page)).filter((text) => FILE.test(text))) {
      t.true(existsSync(join(ROOT, name)), `${page} names ${name}`);
    }
  }
});

test('every setting and npm script named exists, and the README lists every setting', (t) => {
  const settings = describeConfig({}).map(({ name }) => name);
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  for (const page of pages) {
    const text = read(page);
    for (const [name] of text.matchAll(/LIVEDROPS_[A-Z_]+/g)) {
      t.true(settings.includes(name), `${page} names ${name}`);
    }
    for (const [, name = ''] of text.matchAll(/npm run (?:-s )?([a-z]+)/g)) {
      t.true(Object.hasOwn(scripts, name), `${page} names npm run ${name}`);
    }
  }
  const listed = rows(read('README.md')).map((row) => /^\| `(LIVEDROPS_\w+)`/.exec(row)?.[1]);
  for (const name of settings) t.true(listed.includes(name), `the README does not list ${name}`);
});

test("the README's table of settings has their defaults, choices and bounds", (t) => {
  for (const name of SETTING_NAMES) {
    const row = rows(read('README.md')).find((line) =>
      line.startsWith(`| \`LIVEDROPS_${name}\` |`),
    );
    const given = row?.split(' | ')[1] ?? '';
    const schema = SETTINGS[name] as { enum?: readonly string[]; maximum?: number };
    const { default: initial } = aboutSetting(name);
    // This machine's name is no default to write down.
    if (name !== 'NODE_ID') {
      t.is(/^`(.*)`$/.exec(given)?.[1] ?? '', initial, `the default of ${name}`);
    }
    for (const word of schema.enum ?? []) t.true(row?.includes(`\`${word}\``), `${name}: ${word}`);
    const bound = schema.maximum;
    if (bound !== undefined) t.true(row?.includes(String(bound)), `${name}: ${bound}`);
  }
});

test("H5a: the README's table and the example of a file have the limits by default", (t) => {
  const json = /### Other limits[\s\S]*?```json\n([\s\S]*?)```/.exec(read('docs/OPERATIONS.md'));
  const limits = parseLimits(json?.[1] ?? '');
  if (typeof limits === 'string') return t.fail(limits);
  t.deepEqual(ratePoliciesOf(limits), DEFAULT_RATE_POLICIES);
  t.deepEqual(
    Object.keys(limits.rates ?? {}).toSorted(),
    Object.keys(DEFAULT_RATE_POLICIES).toSorted(),
  );
  const { userMax: user, addressMax: address, totalMax: total } = DEFAULT_STREAM_BOUNDS;
  t.deepEqual(limits.streams, { user, address, total });
  const rate = ({ quota, windowSeconds }: RatePolicy): string =>
    `${quota.toLocaleString('en')} in ${windowSeconds} s`;
  const lines = rows(read('README.md'));
  for (const [rateClass, what] of Object.entries(WORDS_OF_RATES)) {
    const { user: byUser, address: byAddress } = DEFAULT_RATE_POLICIES[rateClass as RateClass];
    const byKey = rateClass === 'exchanges' ? ', by key' : '';
    const cells = [what, byUser && `${rate(byUser)}${byKey}`, rate(byAddress)];
    t.true(lines.includes(`| ${cells.join(' | ')} |`.replaceAll('|  |', '| |')), cells.join());
  }
  const streams = [user, address].map((count) => count.toLocaleString('en')).join(' | ');
  t.true(lines.includes(`| live streams open | ${streams} |`), streams);
});

test('every rule says whether it is built, and its proofs name it', (t) => {
  const text = read('docs/SPEC.md');
  const rules = [...text.matchAll(/^- \*\*([A-Z]\d+)\*\* /gm)].map((match) => match[1]!);
  const proofs = rows(text).filter((row) => /^\| [A-Z]\d+ \|/.test(row));
  t.deepEqual(
    proofs.map((row) => row.split('|')[1]!.trim()),
    rules,
  );
  for (const row of proofs) {
    const [, rule = '', , files = ''] = row.split('|').map((cell) => cell.trim());
    for (const file of quoted(files)) {
      t.regex(read(file), new RegExp(`['"\`(][^'"\`\n]*\\b${rule}\\b`), `${file} proves ${rule}`);
    }
  }
});

test('the page of rules lists every problem code', (t) => {
  const table = read('docs/SPEC.md').split('## Codes')[1]!.split('\n## ')[0]!;
  const listed = new Set(quoted(table).filter((text) => Object.hasOwn(PROBLEMS, text)));
  t.deepEqual([...listed].toSorted(), Object.keys(PROBLEMS).toSorted());
});

test('every bound listed stands in the file named beside it', (t) => {
  const bounds = read('docs/ARCHITECTURE.md').split('## Bounds')[1]!.split('\n## ')[0]!;
  let checked = 0;
  for (const row of rows(bounds)) {
    const names = quoted(row);
    const texts = names.filter((name) => FILE.test(name)).map(read);
    for (const constant of names.filter((name) => /^[A-Z][A-Z_]+$/.test(name))) {
      checked += 1;
      const defined = new RegExp(`const ${constant}\\b`);
      t.true(
        texts.some((text) => defined.test(text)),
        `${constant}: ${row}`,
      );
    }
  }
  t.true(checked > 30, `only ${checked} bounds were found`);
});
