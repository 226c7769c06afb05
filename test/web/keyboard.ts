// A visitor without a mouse: goes through a page by Tab, and sees where the focus is all the time.

import type { ExecutionContext } from 'ava';
import type { Locator, Page } from 'playwright-core';
import { eventually } from '../end-to-end/sale-client.ts';

/** More than any view has to go through. */
const TABS_MAX = 150;
/** What has the focus, and how it shows. A field of files shows it by its label. */
const FOCUS = `(() => {
  const element = document.activeElement;
  if (element === null || element === document.body) return { is: 'lost' };
  if (element.matches('main')) return { is: 'start' };
  const drawn = [element, element.closest('label')].filter((one) => one !== null);
  const isOutlined = drawn.some((one) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(one);
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
  });
  const { top, bottom, left, right } = element.getBoundingClientRect();
  const isInWindow = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
  const head = document.querySelector('.top').getBoundingClientRect().bottom;
  const isCovered = element.closest('.top, dialog, .skip') === null && bottom <= head;
  return {
    is: isOutlined && isInWindow && !isCovered ? 'seen' : 'unseen',
    what: JSON.stringify({ isOutlined, isInWindow, isCovered }) + element.outerHTML.slice(0, 120),
  };
})()`;

interface Focus {
  /** `start`: of the view, where reading begins after another view was opened. */
  readonly is: 'lost' | 'start' | 'seen' | 'unseen';
  readonly what?: string;
}

export class Keyboard {
  readonly #t: ExecutionContext;
  readonly #page: Page;

  constructor(t: ExecutionContext, page: Page) {
    this.#t = t;
    this.#page = page;
  }

  /** Tab until this has the focus, which shows at each step. */
  async to(wanted: Locator): Promise<void> {
    await wanted.first().waitFor();
    let ends = 0;
    for (let tabs = 0; tabs < TABS_MAX; tabs++) {
      await this.#page.keyboard.press('Tab');
      const focus = await this.#focus();
      // Behind the last element is the window's own part, once.
      if (focus.is === 'lost' && ++ends === 1) continue;
      if (focus.is !== 'seen') this.#t.fail(`${focus.is}: ${focus.what ?? ''}`);
      if ((await wanted.and(this.#page.locator(':focus')).count()) > 0) return;
    }
    this.#t.fail(`not reached: ${String(wanted)}`);
  }

  async type(wanted: Locator, written: string): Promise<void> {
    await this.to(wanted);
    await this.#page.keyboard.press('ControlOrMeta+a');
    await this.#page.keyboard.type(written);
  }

  /** A button does nothing while what was pressed before is under way. */
  async press(wanted: Locator, key: 'Enter' | 'Space' = 'Enter'): Promise<void> {
    await this.to(wanted);
    await eventually(
      async () => await wanted.first().getAttribute('aria-disabled'),
      (disabled) => disabled !== 'true',
    );
    await this.#page.keyboard.press(key);
  }

  /** Something has the focus, after what the last press did is there to see. */
  async keeps(shown: Locator): Promise<void> {
    await shown.first().waitFor();
    const { is, what = '' } = await eventually(
      async () => await this.#focus(),
      (focus) => focus.is === 'seen' || focus.is === 'start',
    );
    this.#t.true(is === 'seen' || is === 'start', `${is}: ${what}, with ${String(shown)}`);
  }

  /** Within `around`: what came is near what was pressed. */
  async keepsWithin(around: Locator): Promise<void> {
    const inside = await eventually(
      async () => await around.locator(':focus').count(),
      (count) => count > 0,
    );
    this.#t.is(inside, 1, String(around));
    this.#t.like(await this.#focus(), { is: 'seen' });
  }

  async #focus(): Promise<Focus> {
    return await this.#page.evaluate<Focus>(FOCUS);
  }
}
