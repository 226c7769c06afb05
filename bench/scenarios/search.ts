// Search in a million products (Q1 to Q4): LiveDrops' index beside bare FTS5 with the same texts.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SearchProcess } from '../load/search-jobs.ts';
import { DEPTH, PAGE_LENGTH } from '../load/search-subjects.ts';
import {
  type CommonOptions,
  counted,
  type Log,
  type Sample,
  type Scenario,
  type ScenarioReport,
  type Subject,
} from '../scenario.ts';
import { SEARCH_FIGURES, searchFindings, SEARCHES } from './search-report.ts';

const WARM_UP_SEARCHES = 50;
const MEGABYTE = 1e6;

export interface SearchOptions extends CommonOptions {
  readonly products: number;
  readonly searches: number;
}

export const search: Scenario<SearchOptions> = {
  name: 'search',
  description: 'search in a million products: build, words, typos, deep pages, while changing',
  options: [
    counted('--products <n>', 'in the index', 1_000_000),
    counted('--searches <n>', 'of each kind, a round, at most', 300),
  ],
  run: runSearch,
};

interface Measured {
  readonly subject: Omit<Subject, 'samples'>;
  readonly process: SearchProcess;
  readonly built: Readonly<Record<string, number>>;
  readonly samples: Sample[];
}

const SUBJECTS: readonly Omit<Subject, 'samples'>[] = [
  {
    key: 'livedrops',
    label: 'LiveDrops',
    role: 'livedrops',
    about: 'The search index on SQLite, through its port and its two threads.',
  },
  {
    key: 'bare',
    label: 'bare FTS5',
    role: 'peer',
    about:
      'SQLite FTS5 over the same texts in three columns, ordered by bm25, in one thread: without ' +
      'typos, pieces of words, popularity, filters, highlights and bounds.',
  },
];

async function runSearch(options: SearchOptions, log: Log): Promise<ScenarioReport> {
  const { products, rounds } = options;
  const folder = mkdtempSync(join(tmpdir(), 'livedrops-search-'));
  const measured: Measured[] = [];
  try {
    for (const subject of SUBJECTS) {
      const process = new SearchProcess(subject.key, folder, products);
      await process.start();
      log(`${subject.label}: building`);
      const built = await process.run({ job: 'build' });
      const recall = await process.run({ job: 'recall' });
      measured.push({ subject, process, built: { ...built, ...recall }, samples: [] });
      log(`${subject.label}: ${JSON.stringify({ ...built, ...recall })}`);
    }
    for (const one of measured) await sample(one, 0, { ...options, searches: WARM_UP_SEARCHES });
    for (let round = 1; round <= rounds; round++) {
      log(`round ${round} of ${rounds}`);
      for (const one of measured) one.samples.push(await sample(one, round, options));
    }
  } finally {
    for (const { process } of measured) await process.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return report(options, measured);
}

async function sample(
  { process, built }: Measured,
  seed: number,
  { searches, seconds }: SearchOptions,
): Promise<Sample> {
  const figures: Record<string, number> = {
    build: built['perSecond']!,
    buildCpu: built['cpuMicros']!,
    file: built['bytes']!,
    seeded: built['seeded']!,
    listed: built['listed']!,
    longest: 0,
    longestThread: 0,
    postings: 0,
    documents: 0,
    text: 0,
  };
  for (const kind of SEARCHES) {
    const result = await process.run({ job: 'search', kind, seed, searches, seconds });
    figures[`${kind}P50`] = result['p50Ms']!;
    figures[`${kind}P99`] = result['p99Ms']!;
    figures[`${kind}Cpu`] = result['cpuMs']!;
    for (const unit of ['postings', 'documents', 'text'])
      figures[unit] = Math.max(figures[unit]!, result[unit]!);
    figures['longest'] = Math.max(figures['longest']!, result['maxMs']!);
    figures['longestThread'] = Math.max(figures['longestThread']!, result['threadMs']!);
    if (kind === 'changing') figures['found'] = result['foundP99Ms']!;
  }
  figures['memory'] = (await process.run({ job: 'memory' }))['bytes']! / MEGABYTE;
  return { figures };
}

function report(
  { products, rounds, searches, seconds }: SearchOptions,
  measured: readonly Measured[],
): ScenarioReport {
  const subjects = measured.map(({ subject, samples }) => ({ ...subject, samples }));
  return {
    name: 'search',
    title: 'Search in a million products',
    method:
      `${products} seeded products are put into each index, 4,096 in one transaction, and ` +
      `each is merged into one segment; LiveDrops’ is a rebuild, which is searched from its ` +
      `end on. The time of making the products is not counted. Then pages of ${PAGE_LENGTH} are ` +
      'asked for, one after ' +
      'another, in turns: the brand of about eight products (rare), a word of very many ' +
      '(common), two of these (two), three letters (prefix), a brand with one edit (typo), ' +
      'words that are not there (nothing), one letter, 200 words, the page behind ' +
      `${DEPTH} hits (deep), and two words while 40 products are added one by one (changing), ` +
      `which are searched until they are found. Of each kind ${searches} are asked in a round, ` +
      `and no further one begins after ${seconds} s. Recall is the share of mistyped words whose ` +
      'word is in the name of one of the first ten: 1,000 words of names with one edit, and ' +
      '2,000 words of the list of common misspellings (cspell) that are one edit away. No judged ' +
      'results of real users were at hand. Each index runs on one core; LiveDrops’ has two ' +
      'threads there.',
    settings: { products, rounds, searches, seconds },
    figures: SEARCH_FIGURES,
    subjects,
    findings: searchFindings(subjects[0]!, subjects[1]!),
    notes: [
      'Bare FTS5 is asked in the thread that measures; LiveDrops’ answers cross threads.',
      'What a page reads, and how long that held its thread, is counted by LiveDrops only.',
      'Memory is the growth of the process since its start, the catalogue of the load included.',
    ],
  };
}
