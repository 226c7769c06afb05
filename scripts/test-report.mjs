// What AVA's report says, in numbers and files. It takes the report without colours.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** AVA's closing lines that count as failures; `3 tests failed`, `1 uncaught exception`. */
const FAILURES =
  /^ *(\d+) (?:tests? failed|hooks? failed|uncaught exceptions?|unhandled rejections?)/gm;
/** A line for each; AVA sums them up only where nothing failed. */
const PASSES = /^ *✔ /gm;
/** `✘ [fail]: gateway › limits › a title`, `✘ test/a.test.ts exited with …`. */
const CROSS = /^ *✘ (.+)$/gm;
/** Followed by lines that name files, as `PENDING` finds them. */
const TIMED_OUT = 'Timed out while running tests';
const PENDING =
  /(?:Failed to exit when running|pending in|exception in|rejection in) (test\/\S+\.test\.ts)\b/g;

/** How many tests passed. */
export function passes(words) {
  return words.match(PASSES)?.length ?? 0;
}

/** How many tests and hooks failed, and how many errors nobody caught. */
export function failures(words) {
  let sum = 0;
  for (const match of words.matchAll(FAILURES)) sum += Number(match[1]);
  return sum;
}

/**
 * The test files below `root` in which something failed or was pending, each once. Empty
 * where a failure is of no file.
 */
export function failedFiles(words, root) {
  const files = new Set();
  for (const [, what] of words.matchAll(CROSS)) {
    if (what === TIMED_OUT) continue;
    const file = /\btest\/\S+\.test\.ts\b/.exec(what)?.[0] ?? fileOfTitle(what, root);
    if (file === undefined) return [];
    files.add(file);
  }
  for (const [, file] of words.matchAll(PENDING)) files.add(file);
  return [...files];
}

/** AVA shows a file by its folders below `test` and its name without the ending. */
function fileOfTitle(what, root) {
  const parts = what.replace(/^\[\w+\]: /, '').split(' › ');
  for (let end = 1; end < parts.length; end += 1) {
    const file = `${join('test', ...parts.slice(0, end))}.test.ts`;
    if (existsSync(join(root, file))) return file;
  }
  return undefined;
}
