// A countdown by the server's clock. It is drawn when its text changes, and only the text of one
// element does; screen readers hear milestones elsewhere.

import { useEffect, useRef } from 'preact/hooks';
import { clockText, Countdown, untilChange } from '../countdown.ts';
import { isClockKnown, serverNow } from '../server.ts';

interface CountdownViewProps {
  /** RFC 3339. */
  readonly until: string;
  readonly class?: string;
}

/** The server's clock may be known better meanwhile, and timers of hidden pages are slow. */
const LOOK_MAX_MS = 250;

export function CountdownView({ until, class: name = '' }: CountdownViewProps) {
  const element = useRef<HTMLSpanElement>(null);
  const isKnown = isClockKnown.value;
  useEffect(() => {
    const countdown = new Countdown();
    const end = Date.parse(until);
    let timer: ReturnType<typeof setTimeout>;
    const draw = (): void => {
      const now = serverNow();
      const shown = clockText(countdown.left(end, now));
      if (element.current !== null && element.current.textContent !== shown)
        element.current.textContent = shown;
      timer = setTimeout(draw, Math.min(LOOK_MAX_MS, untilChange(end - now)));
    };
    draw();
    return () => clearTimeout(timer);
  }, [until, isKnown]);
  return <span class={`number ${name}`} ref={element} role="timer" aria-live="off" />;
}
