// Debian's Chromium, driven by Playwright, for tests of pages as readers see them.

import type { ExecutionContext } from 'ava';
import pTimeout from 'p-timeout';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { findProgram } from './child-server.ts';

const program = findProgram('chromium');
export const chromiumInstalled = program !== null;

/** For a machine that is busy with other tests. */
const STEP_MAX_MS = 120_000;
const CLOSE_MAX_MS = 30_000;

/** Ends by itself at the end of the test. */
export async function openChromium(t: ExecutionContext): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: program!,
    // Containers have no namespaces for its sandbox, and little shared memory.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
    timeout: STEP_MAX_MS,
  });
  // One that hangs would keep the whole run from ending.
  t.teardown(() => pTimeout(browser.close(), { milliseconds: CLOSE_MAX_MS }));
  return browser;
}

export interface WatchedPage {
  readonly page: Page;
  /** What went wrong in it: errors of scripts and of loading, what its policy blocked. */
  readonly troubles: string[];
  /** Where its requests went. */
  readonly origins: Set<string>;
}

/** A page in a context of its own, like that of a new visitor. */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(STEP_MAX_MS);
  const troubles: string[] = [];
  const origins = new Set<string>();
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    const { url } = message.location();
    troubles.push(url === '' ? message.text() : `${message.text()} (${url})`);
  });
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('requestfailed', (request) => {
    // A page that is left, or a view, gives up what it was loading.
    if (request.failure()?.errorText === 'net::ERR_ABORTED') return;
    troubles.push(`not loaded: ${request.url()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith('data:')) origins.add(new URL(request.url()).origin);
  });
  return { page, troubles, origins };
}
