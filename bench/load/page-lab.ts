// Chromium as on a cheap phone with a poor connection: the pages are opened in it, used by real
// input, and measured by what the browser itself reports.

import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { KeptSession } from '../../sdk/session.ts';

/** Where Debian's package has it. */
const CHROMIUM = '/usr/bin/chromium';
/** Lighthouse's slow 4G: 150 ms there and back, 1.6 Mbit/s down, 750 kbit/s up; a slow CPU. */
const NETWORK = {
  offline: false,
  latency: 150,
  downloadThroughput: (1.6 * 1024 * 1024) / 8,
  uploadThroughput: (750 * 1024) / 8,
};
const CPU_SLOWER = 4;
const STEP_MAX_MS = 60_000;
/** Of the API that reports events: what is shorter is not told. */
const EVENT_MIN_MS = 16;

/** https://web.dev/articles/vitals: LCP, CLS (all shifts), long tasks, and events for INP. */
const WATCH = `{
  const lab = { lcpMs: 0, cls: 0, longestTaskMs: 0, longTasks: 0, events: {} };
  globalThis.lab = lab;
  const observe = (type, add, more = {}) =>
    new PerformanceObserver((list) => list.getEntries().forEach(add)).observe({
      type, buffered: true, ...more });
  observe('largest-contentful-paint', ({ startTime }) => (lab.lcpMs = startTime));
  observe('layout-shift', ({ value, hadRecentInput }) => {
    if (!hadRecentInput) lab.cls += value;
  });
  observe('longtask', ({ duration }) => {
    lab.longTasks += 1;
    lab.longestTaskMs = Math.max(lab.longestTaskMs, duration);
  });
  observe('event', ({ interactionId, duration }) => {
    if (interactionId > 0)
      lab.events[interactionId] = Math.max(lab.events[interactionId] ?? 0, duration);
  }, { durationThreshold: ${EVENT_MIN_MS} });
}`;

/** In milliseconds, but for `cls` and counts. */
export interface Vitals {
  readonly lcpMs: number;
  readonly cls: number;
  /** The slowest interaction so far; where none was told, the shortest that would be. */
  readonly inpMs: number;
  /** CPU time of the page's main thread so far, slowed down as it is. */
  readonly mainThreadMs: number;
  /** Above 50: shorter tasks are not told, and 0 is none. */
  readonly longestTaskMs: number;
  readonly longTasks: number;
}

export interface LabPage {
  readonly page: Page;
  /** Frames of live streams so far. */
  readonly frames: () => number;
  readonly vitals: () => Promise<Vitals>;
  /** Forgets tasks and interactions so far. */
  readonly reset: () => Promise<void>;
  readonly close: () => Promise<void>;
}

interface LabPageOptions {
  readonly url: string;
  readonly width: number;
  readonly height: number;
  /** Who is logged in. */
  readonly session?: KeptSession;
  /** Without: as fast as the machine is. */
  readonly isSlow?: boolean;
}

export class PageLab {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async launch(): Promise<PageLab> {
    if (!existsSync(CHROMIUM)) throw new Error('chromium is not installed');
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
    });
    return new PageLab(browser);
  }

  stop(): Promise<void> {
    return this.#browser.close();
  }

  /** In a context of its own, with nothing in its cache, and no address yet. */
  async open({ url, width, height, session, isSlow = true }: LabPageOptions): Promise<LabPage> {
    const value = JSON.stringify(session ?? null);
    const localStorage = [{ name: `livedrops:session:${url}`, value }];
    const context = await this.#browser.newContext({
      viewport: { width, height },
      serviceWorkers: 'block',
      storageState: { cookies: [], origins: [{ origin: url, localStorage }] },
    });
    const page = await context.newPage();
    page.setDefaultTimeout(STEP_MAX_MS);
    await page.addInitScript(WATCH);
    let frames = 0;
    page.on('websocket', (socket) => socket.on('framereceived', () => (frames += 1)));
    const devtools = await context.newCDPSession(page);
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
    if (isSlow) {
      await devtools.send('Network.enable');
      await devtools.send('Network.emulateNetworkConditions', NETWORK);
      await devtools.send('Emulation.setCPUThrottlingRate', { rate: CPU_SLOWER });
    }
    return {
      page,
      frames: () => frames,
      async vitals() {
        const { events, ...lab }: Reported = await page.evaluate('lab');
        const { metrics } = await devtools.send('Performance.getMetrics');
        const tasks = metrics.find(({ name }) => name === 'TaskDuration')!;
        return {
          ...lab,
          inpMs: Math.max(EVENT_MIN_MS, ...Object.values(events)),
          mainThreadMs: tasks.value * 1_000,
        };
      },
      reset: () =>
        page.evaluate('Object.assign(lab, { longestTaskMs: 0, longTasks: 0, events: {} })'),
      close: () => context.close(),
    };
  }
}

/** What the page has of it. */
interface Reported extends Omit<Vitals, 'inpMs' | 'mainThreadMs'> {
  /** The longest of each interaction, by its id. */
  readonly events: Readonly<Record<string, number>>;
}
