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

/** What axe finds, and whether it fits. The page's policy must let axe in (`bypassCSP`). */
export async function faultsOf(page: Page): Promise<readonly string[]> {
  const found = await violations(page);
  const width = page.viewportSize()!.width;
  const needed = Number(await page.evaluate('document.documentElement.scrollWidth'));
  return needed <= width ? found : [...found, `it needs ${needed} of ${width} px`];
}

export async function check(t: ExecutionContext, page: Page, view: string): Promise<void> {
  t.deepEqual(await faultsOf(page), [], view);
}
