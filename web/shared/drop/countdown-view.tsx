// A countdown by the server's clock. It is drawn with the frames of the browser, and only the text
// of one element changes; screen readers hear milestones elsewhere.

import { useEffect, useRef } from 'preact/hooks';
import { clockText, Countdown } from '../countdown.ts';
import { isClockKnown, serverNow } from '../server.ts';

interface CountdownViewProps {
  /** RFC 3339. */
  readonly until: string;
  readonly class?: string;
}

const TICK_MS = 100;

export function CountdownView({ until, class: name = '' }: CountdownViewProps) {
  const element = useRef<HTMLSpanElement>(null);
  const isKnown = isClockKnown.value;
  useEffect(() => {
    const countdown = new Countdown();
    const end = Date.parse(until);
    const draw = (): void => {
      const shown = clockText(countdown.left(end, serverNow()));
      if (element.current !== null && element.current.textContent !== shown)
        element.current.textContent = shown;
    };
    draw();
    const timer = setInterval(draw, TICK_MS);
    return () => clearInterval(timer);
  }, [until, isKnown]);
  return <span class={`number ${name}`} ref={element} role="timer" aria-live="off" />;
}
