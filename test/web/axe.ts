// Views through axe (WCAG 2.2 AA), and whether they fit: what tests of accessibility share.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { ExecutionContext } from 'ava';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What every view is looked at in. */
export const LOOKS = [
  [1_280, 'light'],
  [320, 'dark'],
] as const;

/** A problem that no client tries again. */
export const FAILURE = {
  status: 500,
  contentType: 'application/problem+json',
  body: JSON.stringify({ type: 'about:blank', title: 'No.', status: 500, code: 'internal' }),
};

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

async function violations(page: Page): Promise<string[]> {
  const options = JSON.stringify({ runOnly: { type: 'tag', values: RULES } });
  await page.evaluate(AXE);
  const found: readonly Violation[] = await page.evaluate(
    `axe.run(document, ${options}).then(({ violations }) => violations)`,
  );
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

/** The page's policy must let axe in (`bypassCSP`). */
export async function check(t: ExecutionContext, page: Page, view: string): Promise<void> {
  t.deepEqual(await violations(page), [], view);
  const width = page.viewportSize()!.width;
  const needed = Number(await page.evaluate('document.documentElement.scrollWidth'));
  t.true(needed <= width, `${view} needs ${needed} of ${width} px`);
}
