// The process that is measured: it builds an index and searches it. Run with the subject, a folder
// and the number of products; each line of its input is a job, each job is answered by a line.

import { setTimeout as delay } from 'node:timers/promises';
import { createInterface } from 'node:readline';
import { Latencies } from './latencies.ts';
import { type Misspelling, SearchCatalogue } from './search-catalogue.ts';
import type { SearchJob, SearchMeasured } from './search-jobs.ts';
import { SearchQuestions } from './search-questions.ts';
import { openBareFts5, openLiveDrops, type PageWork } from './search-subjects.ts';

const BATCH = 4_096;
/** Batches on their way, so that the next one is there when the thread has done one. */
const AHEAD = 2;
const TYPOS = 1_000;
const SHOWN = 10;
const DEEP_PAGES = 200;
const PROGRESS_INTERVAL_MS = 5_000;
/** Products that are added while others are searched, and between two of them. */
const CHANGES = 40;
const CHANGE_PAUSE_MS = 25;
/** An added product that is not found by then never will be. */
const FOUND_WITHIN_MS = 30_000;

const [name, folder = '', count = ''] = process.argv.slice(2);
const products = Number(count);
const questions = new SearchQuestions(new SearchCatalogue(), products);
const subject = await (name === 'bare' ? openBareFts5(folder) : openLiveDrops(folder));
const residentBefore = process.memoryUsage.rss();

function answer(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** The time and CPU time of building, without those of making the products. */
async function build(): Promise<SearchMeasured> {
  let micros = 0;
  let cpuMicros = 0;
  const underWay: Promise<void>[] = [];
  for (let first = 0; first < products; first += BATCH) {
    const length = Math.min(BATCH, products - first);
    const batch = Array.from({ length }, (_, index) => questions.product(first + index));
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    underWay.push(subject.add(batch));
    // Waited for here, or the thread would work while the next products are made.
    if (underWay.length >= AHEAD || first + BATCH >= products)
      await Promise.all(underWay.splice(0));
    micros += (performance.now() - startedAt) * 1000;
    const used = process.cpuUsage(cpu);
    cpuMicros += used.user + used.system;
    answer({ progress: first + length });
  }
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const signs = setInterval(() => answer({ progress: products }), PROGRESS_INTERVAL_MS);
  await subject.built();
  clearInterval(signs);
  micros += (performance.now() - startedAt) * 1000;
  const used = process.cpuUsage(cpu);
  cpuMicros += used.user + used.system;
  return {
    perSecond: (products / micros) * 1e6,
    cpuMicros: cpuMicros / products,
    bytes: (await subject.bytes()) / products,
  };
}

/**
 * Before each search, so that whoever waits for an answer knows that one is coming: of a million
 * products bare FTS5 counts a frequent word for seconds.
 */
function progress(number: number): void {
  answer({ progress: number });
}

/** One after another; no further one begins after `seconds`. */
async function timed(
  work: readonly (() => Promise<PageWork>)[],
  seconds: number,
): Promise<SearchMeasured> {
  const latencies = new Latencies();
  const most = { postings: 0, documents: 0, text: 0, cpuMicros: 0 };
  let cpuMicros = 0;
  let done = 0;
  const endsAt = performance.now() + seconds * 1000;
  for (const one of work) {
    progress(done);
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    const result = await one();
    const endedAt = performance.now();
    const { user, system } = process.cpuUsage(cpu);
    latencies.add(endedAt - startedAt);
    cpuMicros += user + system;
    done += 1;
    for (const unit of ['postings', 'documents', 'text', 'cpuMicros'] as const)
      most[unit] = Math.max(most[unit], result?.[unit] ?? 0);
    if (endedAt > endsAt) break;
  }
  const cpuMs = cpuMicros / 1000 / done;
  const { postings, documents, text } = most;
  return {
    ...latencies.spread(),
    postings,
    documents,
    text,
    cpuMs,
    threadMs: most.cpuMicros / 1000,
  };
}

async function workOf(text: string): Promise<PageWork> {
  return (await subject.search(text)).work;
}

async function deep(texts: readonly string[], seconds: number): Promise<SearchMeasured> {
  const pages: (() => Promise<PageWork>)[] = [];
  for (const text of texts) {
    pages.push(await subject.deepPage(text));
    progress(0);
  }
  const work = Array.from({ length: DEEP_PAGES }, (_, index) => pages[index % pages.length]!);
  return timed(work, seconds);
}

/** Searches while products are added, and how long until an added one is found. */
async function changing(
  texts: readonly string[],
  seed: number,
  seconds: number,
): Promise<SearchMeasured> {
  const found = new Latencies();
  const change = async () => {
    for (let number = 0; number < CHANGES; number++) {
      const word = `fresh${seed}x${number}`;
      const startedAt = performance.now();
      await subject.add([{ ...questions.product(number), id: word, name: `${word} Shoe` }]);
      while ((await subject.search(word)).names.length === 0) {
        if (performance.now() - startedAt > FOUND_WITHIN_MS) throw new Error(`no ${word}`);
        await delay(1);
      }
      progress(number);
      found.add(performance.now() - startedAt);
      await delay(CHANGE_PAUSE_MS);
    }
  };
  const changes = change();
  const work = texts.map((text) => () => workOf(text));
  const [measured] = await Promise.all([timed(work, seconds), changes]);
  return { ...measured, foundP99Ms: found.spread().p99Ms };
}

async function recall(typos: readonly Misspelling[]): Promise<number> {
  let found = 0;
  for (const [number, { wrong, right }] of typos.entries()) {
    progress(number);
    const { names } = await subject.search(wrong);
    const words = names.slice(0, SHOWN).flatMap((one) => one.toLowerCase().split(' '));
    if (words.some((word) => right.includes(word))) found += 1;
  }
  return found / typos.length;
}

async function run(job: SearchJob): Promise<SearchMeasured> {
  if (job.job === 'build') return build();
  if (job.job === 'memory') return { bytes: process.memoryUsage.rss() - residentBefore };
  if (job.job === 'recall')
    return {
      seeded: await recall(questions.seededTypos(TYPOS)),
      listed: await recall(questions.misspellings()),
    };
  const { seed, searches, seconds } = job;
  if (job.kind === 'deep') return deep(questions.texts('common', 8, seed), seconds);
  if (job.kind === 'changing')
    return changing(questions.texts('two', searches, seed), seed, seconds);
  const work = questions.texts(job.kind, searches, seed).map((text) => () => workOf(text));
  return timed(work, seconds);
}

answer({ ready: true });
for await (const line of createInterface({ input: process.stdin }))
  answer({ measured: await run(JSON.parse(line) as SearchJob) });
await subject.close();
