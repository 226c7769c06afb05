// What is wrong now, the worst first: what it means, how far past its line it is, and what to do.

import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Alarm, AlarmReport } from '../../sdk/api.ts';
import { Badge, Notice } from '../shared/components/parts.tsx';
import { numberText } from '../shared/language.ts';
import { client } from '../shared/server.ts';
import { usePolled } from './polled.ts';
import { PolledView } from './polled-view.tsx';
import { alarmText, consoleText } from './texts.ts';
import { useTitle } from './title.ts';

const LOOK_MS = 2_000;
/** Of the count beside the link, on every view. */
const COUNT_MS = 5_000;
const TONES = { page: 'bad', ticket: 'warn' } as const satisfies Record<Alarm['severity'], string>;
const PRECISION = 3;

function read(ended: AbortSignal): Promise<AlarmReport> {
  return client.call('GET /v1/operator/alarms', { signal: ended, triesMax: 1 });
}

export function Alarms() {
  const polled = usePolled(read, LOOK_MS);
  useTitle(consoleText('nav.alarms'));
  return (
    <div class="stack">
      <h1>{consoleText('nav.alarms')}</h1>
      <PolledView of={polled}>
        {({ alarms, nodes, watchedSeconds }) => (
          <>
            <div role="status">
              {alarms.length === 0 && (
                <Notice tone="good">{consoleText('alarms.none', { n: nodes.length })}</Notice>
              )}
            </div>
            <ul class="stack" role="list">
              {alarms.map((alarm) => (
                <li key={alarm.name}>
                  <OneAlarm {...alarm} />
                </li>
              ))}
            </ul>
            <p class="soft small">
              {consoleText('alarms.watched', { seconds: Math.round(watchedSeconds) })}
            </p>
          </>
        )}
      </PolledView>
    </div>
  );
}

function OneAlarm({ name, severity, nodes, value, limit, unit, runbook, command }: Alarm) {
  return (
    <article class="panel stack">
      <div class="row">
        <Badge tone={TONES[severity]}>{consoleText(`alarms.${severity}`)}</Badge>
        <h2>{alarmText(name)}</h2>
      </div>
      <p>{alarmText(`${name}.means`)}</p>
      <dl class="console-facts console-facts-wide">
        <dt>{consoleText('alarms.value')}</dt>
        <dd class="number">
          {limit === 0
            ? measured(value, unit)
            : consoleText('alarms.past', {
                value: measured(value, unit),
                limit: measured(limit, unit),
              })}
        </dd>
        {nodes.length > 0 && (
          <>
            <dt>{consoleText('nodes.node')}</dt>
            <dd>{nodes.join(', ')}</dd>
          </>
        )}
        {command !== null && (
          <>
            <dt>{consoleText('alarms.command')}</dt>
            <dd>
              <code>{command}</code>
            </dd>
          </>
        )}
      </dl>
      <p>
        <a href={runbook}>{consoleText('alarms.runbook')}</a>
      </p>
    </article>
  );
}

function measured(value: number, unit: Alarm['unit']): string {
  const told = Number((unit === 'share' ? value * 100 : value).toPrecision(PRECISION));
  return unit === 'count' ? numberText(told) : consoleText(`alarms.${unit}`, { n: told });
}

const count = signal(0);

/** Counts them for every `AlarmCount` while it is there; shows nothing. */
export function AlarmWatch() {
  const { value } = usePolled(read, COUNT_MS);
  const n = value.value?.alarms.length ?? 0;
  useEffect(() => void (count.value = n), [n]);
  return null;
}

/** Beside the link to the view and what opens the links; nothing where nothing is wrong. */
export function AlarmCount() {
  const n = count.value;
  if (n === 0) return null;
  return (
    <span class="count" aria-label={consoleText('alarms.count', { n })}>
      {numberText(n)}
    </span>
  );
}
