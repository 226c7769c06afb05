// How far a verification or a rebuild is, and what it found.

import type { RebuildReport, Run, RunProgress, VerifyReport } from '../../sdk/api.ts';
import { Fault } from '../shared/components/fault.tsx';
import { Notice } from '../shared/components/parts.tsx';
import { momentText, numberText } from '../shared/language.ts';
import { serverNow } from '../shared/server.ts';
import { useWorking } from '../shared/working.ts';
import { mayChange } from './role.ts';
import { cancel, type Followed } from './runs.ts';
import { consoleText } from './texts.ts';

const FINDINGS_SHOWN_MAX = 50;

export function RunView({ of: { run, fault } }: { of: Followed }) {
  return (
    <div class="panel stack">
      <p class="soft">
        {consoleText('run.by', {
          who: run.startedBy,
          time: momentText(run.startedAt, serverNow()),
        })}
      </p>
      {run.end === null ? <UnderWay run={run} /> : <End of={run.end} />}
      {fault !== null && <Notice tone="bad">{fault}</Notice>}
    </div>
  );
}

function UnderWay({ run }: { run: Run }) {
  const { isBusy, fault, run: work } = useWorking();
  return (
    <>
      <Progress of={run.progress} />
      <Fault of={fault} />
      {mayChange() && (
        <p>
          <button
            class="button"
            type="button"
            aria-disabled={isBusy.value}
            onClick={() => work(() => cancel(run))}
          >
            {consoleText('act.cancel')}
          </button>
        </p>
      )}
    </>
  );
}

function Progress({ of }: { of: RunProgress | null }) {
  const share = of === null || of.total === 0 ? 0 : of.done / of.total;
  const percent = Math.floor(share * 100);
  return (
    <>
      <p>
        {of === null ? consoleText('run.begins') : consoleText(`run.${of.phase}`)}{' '}
        <span class="number">{numberText(percent)} %</span>
      </p>
      <div
        class="meter"
        role="progressbar"
        aria-label={consoleText('run.progress')}
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <span style={{ transform: `scaleX(${share})` }} />
      </div>
    </>
  );
}

function End({ of }: { of: NonNullable<Run['end']> }) {
  if (of.type === 'cancelled') {
    return <Notice tone="warn">{consoleText('run.cancelled', { reason: of.reason })}</Notice>;
  }
  if (of.type === 'failed') {
    return <Notice tone="bad">{consoleText('run.failed', { code: of.code })}</Notice>;
  }
  return 'findings' in of.report ? <Verified {...of.report} /> : <Rebuilt {...of.report} />;
}

function Verified({ ok, shards, entries, drops, orders, findings }: VerifyReport) {
  return (
    <>
      <Notice tone={ok ? 'good' : 'bad'}>
        {ok
          ? consoleText('verify.good', { n: shards })
          : consoleText('verify.bad', { n: findings.length })}
      </Notice>
      <p class="soft">{consoleText('verify.read', { entries, drops, orders })}</p>
      {findings.length > 0 && (
        <ul class="console-plan">
          {findings.slice(0, FINDINGS_SHOWN_MAX).map((finding) => (
            <li key={finding}>{finding}</li>
          ))}
        </ul>
      )}
    </>
  );
}

function Rebuilt({ applied, shards }: RebuildReport) {
  const orders = shards.reduce((sum, shard) => sum + shard.orders, 0);
  const notifications = shards.reduce((sum, shard) => sum + shard.notifications, 0);
  const unfinished = shards.filter(({ reason }) => reason !== null);
  return (
    <>
      <Notice tone={unfinished.length > 0 ? 'warn' : 'good'}>
        {consoleText(applied ? 'rebuild.done' : 'rebuild.would', { orders, notifications })}
      </Notice>
      {unfinished.length > 0 && (
        <ul class="console-plan">
          {unfinished.map(({ shard, reason }) => (
            <li key={shard}>
              {shard}: {reason}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
