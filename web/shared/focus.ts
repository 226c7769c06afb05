// The focus is never lost. Browsers drop it when its element goes away or is disabled, and who
// works by keyboard would begin again at the top of the page.

const FOCUSABLE = 'a[href], button, input, select, textarea, summary, [tabindex]';
/** Views that know a better place give it the focus first. */
const WAIT_MS = 100;

/**
 * Where the element with the focus goes away, the nearest one before it that is still there has it,
 * or else the nearest one after it; within the same dialog where there was one. Where nothing of
 * the view is left, its start has it. The result ends this.
 */
export function keepFocus(): () => void {
  let last: HTMLElement | null = null;
  /** What could have the focus when `last` got it, in the order of the page. */
  let others: readonly HTMLElement[] = [];

  const isGone = (element: HTMLElement): boolean =>
    !element.isConnected || element.matches(':disabled');
  const onFocusIn = ({ target }: FocusEvent): void => {
    last = target as HTMLElement;
    const around = last.closest('dialog, main') ?? document.body;
    others = [...around.querySelectorAll<HTMLElement>(FOCUSABLE)];
  };
  // Left by the user, and there still: nothing is lost when it goes later.
  const onFocusOut = ({ target }: FocusEvent): void =>
    queueMicrotask(() => {
      if (target === last && !isGone(last!) && !hasFocus()) last = null;
    });
  const mend = (): void => {
    if (last === null || !isGone(last) || hasFocus()) return;
    const at = others.indexOf(last);
    const nearest = [...others.slice(0, Math.max(at, 0)).reverse(), ...others.slice(at + 1)];
    for (const element of [...nearest, document.querySelector<HTMLElement>('main')]) {
      if (element === null || isGone(element)) continue;
      element.focus();
      if (hasFocus()) return;
    }
  };

  let timer: ReturnType<typeof setTimeout> | undefined;
  const observer = new MutationObserver(() => {
    if (last === null || !isGone(last) || hasFocus()) return;
    clearTimeout(timer);
    timer = setTimeout(mend, WAIT_MS);
  });
  observer.observe(document.body, {
    subtree: true,
    childList: true,
    attributeFilter: ['disabled'],
  });
  document.addEventListener('focusin', onFocusIn);
  document.addEventListener('focusout', onFocusOut);
  return () => {
    clearTimeout(timer);
    observer.disconnect();
    document.removeEventListener('focusin', onFocusIn);
    document.removeEventListener('focusout', onFocusOut);
  };
}

function hasFocus(): boolean {
  return document.activeElement !== document.body && document.activeElement !== null;
}
