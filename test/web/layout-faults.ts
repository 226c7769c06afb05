// What of a page does not fit: what needs more than the window, text that is cut off, that leaves
// its box, or that lies over other text.

import type { Page } from 'playwright-core';

/**
 * Looks at the boxes of all texts as they are drawn. A line's box is higher than its letters, so
 * lines that touch are no fault; what scrolls by itself may be wider than the window.
 */
const LOOK = `(() => {
  const faults = [];
  const root = document.documentElement;
  const width = root.clientWidth;
  if (root.scrollWidth > width) faults.push('the page needs ' + root.scrollWidth + ' px');
  const NEAR = 1.5;
  const LINE_SLACK = 0.2;
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    if (node.data.trim() === '' || element.closest('.hidden, .skip, select, noscript, svg'))
      continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const rects = [...range.getClientRects()].filter((rect) => rect.width > 0);
    texts.push({ node, element, rects });
  }
  const named = ({ node }) => JSON.stringify(node.data.trim().slice(0, 40));
  const leaves = (inner, outer) =>
    inner.left < outer.left - NEAR || inner.right > outer.right + NEAR;
  for (const text of texts) {
    const scrolls = (element) => /auto|scroll/.test(getComputedStyle(element).overflowX);
    let isScrolled = false;
    for (let box = text.element; box !== null; box = box.parentElement) {
      if (box !== root && box !== document.body && scrolls(box)) isScrolled = true;
    }
    if (isScrolled) continue;
    for (const rect of text.rects) {
      if (leaves(rect, { left: 0, right: width })) faults.push(named(text) + ' leaves the window');
    }
    const box = text.element.closest('.button, .badge, .count, .notice, .panel, .card, .input');
    if (box !== null && text.rects.some((rect) => leaves(rect, box.getBoundingClientRect())))
      faults.push(named(text) + ' leaves its ' + box.className);
    for (let box = text.element; box !== document.body; box = box.parentElement) {
      const { overflowX, overflowY } = getComputedStyle(box);
      if (overflowX === 'visible' && overflowY === 'visible') continue;
      const outer = box.getBoundingClientRect();
      for (const rect of text.rects) {
        if (leaves(rect, outer) || rect.bottom > outer.bottom + rect.height * LINE_SLACK)
          faults.push(named(text) + ' is cut off by ' + (box.className || box.tagName));
      }
    }
  }
  for (const [i, one] of texts.entries()) {
    for (const other of texts.slice(i + 1)) {
      const isOver = one.rects.some((a) =>
        other.rects.some((b) => {
          const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
          const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
          return across > NEAR && down > Math.min(a.height, b.height) * 2 * LINE_SLACK;
        }),
      );
      if (isOver) faults.push(named(one) + ' lies over ' + named(other));
    }
  }
  return faults;
})()`;

/** None where all of it fits. */
export async function layoutFaults(page: Page): Promise<readonly string[]> {
  return await page.evaluate(LOOK);
}
