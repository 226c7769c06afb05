// One shard: where it is, what it carries, and where an operator wants it.

import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { Node, Shard } from '../../sdk/api.ts';
import { Notice } from '../shared/components/parts.tsx';
import { numberText } from '../shared/language.ts';
import { client } from '../shared/server.ts';
import { Action } from './action.tsx';
import { Planned } from './planned.tsx';
import { consoleText } from './texts.ts';

interface OneShardProps {
  readonly nodes: readonly Node[];
  readonly shards: readonly Shard[];
}

/** Chosen by its number: squares of the map are too many for a way by the keyboard. */
export function ShardPicker({ nodes, shards }: OneShardProps) {
  const id = useId();
  const chosen = useSignal('');
  const shard = shards.find((one) => String(one.shard) === chosen.value);
  return (
    <section class="stack">
      <h2>{consoleText('shard.title')}</h2>
      <div class="field console-number">
        <label for={id}>{consoleText('shard.number')}</label>
        <input
          class="input"
          id={id}
          inputMode="numeric"
          autocomplete="off"
          value={chosen.value}
          onInput={({ currentTarget }) => (chosen.value = currentTarget.value.trim())}
        />
      </div>
      {shard !== undefined && <OneShard key={shard.shard} nodes={nodes} shard={shard} />}
    </section>
  );
}

function OneShard({ nodes, shard: of }: { nodes: readonly Node[]; shard: Shard }) {
  return (
    <div class="panel stack">
      <dl class="console-facts">
        <dt>{consoleText('shard.owner')}</dt>
        <dd>{of.owner ?? consoleText('shards.nobody')}</dd>
        <dt>{consoleText('shard.wanted')}</dt>
        <dd>
          {of.wanted ?? consoleText('shards.nobody')}
          {of.pinned && ` (${consoleText('shard.pinned')})`}
        </dd>
        <dt>{consoleText('shard.status')}</dt>
        <dd>{of.status}</dd>
        <dt>{consoleText('nodes.live')}</dt>
        <dd class="number">{numberText(of.liveDrops)}</dd>
        <dt>{consoleText('nodes.rate')}</dt>
        <dd class="number">{numberText(Math.round(of.ordersPerSecond))}</dd>
        <dt>{consoleText('shard.waiting')}</dt>
        <dd class="number">{numberText(of.waiting)}</dd>
        <dt>{consoleText('nodes.lag')}</dt>
        <dd class="number">{numberText(of.relayLag)}</dd>
      </dl>
      {of.fault !== null && <Notice tone="bad">{of.fault}</Notice>}
      <div class="row">
        <PinActions nodes={nodes} shard={of} />
      </div>
    </div>
  );
}

function PinActions({ nodes, shard: { shard, pinned } }: { nodes: readonly Node[]; shard: Shard }) {
  const target = String(shard);
  const path = { id: target };
  const serving = nodes.filter(({ state }) => state === 'serving').map(({ nodeId }) => nodeId);
  return (
    <>
      {serving.length > 0 && (
        <Action
          label={consoleText('act.pin')}
          command={({ to }) => `pin ${shard} ${to}`}
          target={target}
          fields={[
            {
              name: 'to',
              label: consoleText('shard.to'),
              choices: serving.map((node) => [node, node] as const),
            },
          ]}
          run={async ({ to }) => {
            const body = { to: to! };
            const plan = await client.call('POST /v1/operator/shards/{id}/pin', { path, body });
            return consoleText('act.moved', { n: plan.moves.length });
          }}
        />
      )}
      {pinned && (
        <Action
          label={consoleText('act.unpin')}
          command={`unpin ${shard}`}
          target={target}
          plan={async () => {
            const body = { dryRun: true };
            const plan = await client.call('POST /v1/operator/shards/{id}/unpin', { path, body });
            return <Planned of={plan} />;
          }}
          run={async () => {
            const plan = await client.call('POST /v1/operator/shards/{id}/unpin', {
              path,
              body: {},
            });
            return consoleText('act.moved', { n: plan.moves.length });
          }}
        />
      )}
    </>
  );
}

export function Quarantined({ shards }: { shards: readonly Shard[] }) {
  const drops = shards.flatMap(({ shard, quarantined }) =>
    quarantined.map((drop) => ({ shard, ...drop })),
  );
  if (drops.length === 0) return null;
  return (
    <section class="stack">
      <h2>{consoleText('quarantined.title')}</h2>
      <p class="soft">{consoleText('quarantined.text')}</p>
      {drops.map(({ dropId, shard, reason }) => (
        <div class="panel stack" key={dropId}>
          <p>
            <b>{dropId}</b> · {consoleText('shard.one', { shard })}
            <br />
            <span class="soft">{reason}</span>
          </p>
          <div class="row">
            <Action
              label={consoleText('act.release')}
              command={`release ${dropId}`}
              target={dropId}
              run={async () => {
                await client.call('POST /v1/operator/drops/{id}/release', { path: { id: dropId } });
                return consoleText('act.done');
              }}
            />
          </div>
        </div>
      ))}
    </section>
  );
}
