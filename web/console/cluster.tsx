// The cluster: its nodes, which of them serves which shard, and the last moves; live.

import { useEffect } from 'preact/hooks';
import type { Move, Node, Shard } from '../../sdk/api.ts';
import { Badge, Notice } from '../shared/components/parts.tsx';
import { momentText, numberText } from '../shared/language.ts';
import { client, serverNow } from '../shared/server.ts';
import { Action } from './action.tsx';
import { usePolled } from './polled.ts';
import { PolledView } from './polled-view.tsx';
import { Planned } from './planned.tsx';
import { ShardMap } from './shard-map.tsx';
import { Quarantined, ShardPicker } from './shard.tsx';
import { consoleText } from './texts.ts';

const LOOK_MS = 1_000;
const MOVES = 12;
const TONES = {
  serving: 'good',
  draining: 'warn',
  drained: 'plain',
  leaving: 'warn',
  lost: 'bad',
} as const satisfies Record<Node['state'], string>;
/** Degrees between the colours of nodes that follow each other. */
const HUE_STEP = 137;

interface ClusterState {
  readonly nodes: readonly Node[];
  readonly shards: readonly Shard[];
  readonly moves: readonly Move[];
}

async function read(signal: AbortSignal): Promise<ClusterState> {
  const options = { signal, triesMax: 1 };
  const [nodes, shards, moves] = await Promise.all([
    client.call('GET /v1/operator/nodes', options),
    client.call('GET /v1/operator/shards', options),
    client.call('GET /v1/operator/moves', { query: { limit: MOVES }, ...options }),
  ]);
  return { nodes: nodes.items, shards: shards.items, moves: moves.items };
}

export function Cluster() {
  const polled = usePolled(read, LOOK_MS);
  useEffect(() => {
    document.title = `${consoleText('nav.cluster')} · ${consoleText('title')}`;
  }, []);
  return (
    <div class="stack stack-l">
      {/* Beside its actions, where they are known. */}
      {polled.value.value === null && <h1>{consoleText('nodes.title')}</h1>}
      <PolledView of={polled}>
        {({ nodes, shards, moves }) => (
          <>
            <Nodes nodes={nodes} shards={shards} />
            <Unowned nodes={nodes} shards={shards} />
            <Quarantined shards={shards} />
            <ShardPicker nodes={nodes} shards={shards} />
            <Moves moves={moves} />
            <RollingRestart nodes={nodes} />
          </>
        )}
      </PolledView>
    </div>
  );
}

function hueOf(nodes: readonly Node[], nodeId: string): number {
  return (nodes.findIndex((node) => node.nodeId === nodeId) * HUE_STEP + 30) % 360;
}

interface MapProps {
  readonly nodes: readonly Node[];
  readonly shards: readonly Shard[];
}

function busiest(shards: readonly Shard[]): number {
  return Math.max(0, ...shards.map(({ ordersPerSecond }) => ordersPerSecond));
}

function Nodes({ nodes, shards }: MapProps) {
  const rateMax = busiest(shards);
  const nodeMax = Math.max(1, ...nodes.map(({ ordersPerSecond }) => ordersPerSecond));
  const serving = shards.filter(({ status, owner }) => owner !== null && status === 'serving');
  return (
    <section class="stack">
      <div class="row row-apart">
        <h1>{consoleText('nodes.title')}</h1>
        <div class="row">
          <Action
            label={consoleText('act.rebalance')}
            command="rebalance"
            target="rebalance"
            plan={async () => (
              <Planned
                of={await client.call('POST /v1/operator/rebalance', { body: { dryRun: true } })}
              />
            )}
            run={async () => {
              const { moves } = await client.call('POST /v1/operator/rebalance', { body: {} });
              return consoleText('act.moved', { n: moves.length });
            }}
          />
        </div>
      </div>
      <p class="soft">
        {consoleText('shards.text', { serving: serving.length, all: shards.length })}
      </p>
      <ul class="console-nodes" role="list">
        {nodes.map((node) => (
          <li class="panel stack" key={node.nodeId}>
            <div class="row row-apart">
              <b class="console-node" style={{ '--hue': hueOf(nodes, node.nodeId) }}>
                {node.nodeId}
              </b>
              <Badge tone={TONES[node.state]}>{consoleText(`state.${node.state}`)}</Badge>
            </div>
            <div class="meter" aria-hidden="true">
              <span style={{ transform: `scaleX(${node.ordersPerSecond / nodeMax})` }} />
            </div>
            <ShardMap
              shards={shards.filter(({ owner }) => owner === node.nodeId)}
              hue={hueOf(nodes, node.nodeId)}
              rateMax={rateMax}
            />
            <dl class="console-facts">
              <dt>{consoleText('nodes.shards')}</dt>
              <dd class="number">{numberText(node.shardsOwned)}</dd>
              <dt>{consoleText('nodes.live')}</dt>
              <dd class="number">{numberText(node.liveDrops)}</dd>
              <dt>{consoleText('nodes.rate')}</dt>
              <dd class="number">{numberText(Math.round(node.ordersPerSecond))}</dd>
              <dt>{consoleText('nodes.lag')}</dt>
              <dd class="number">{numberText(node.relayLag)}</dd>
              {node.clockSkewMs !== null && (
                <>
                  <dt>{consoleText('nodes.skew')}</dt>
                  <dd class="number">
                    {consoleText('nodes.skew.ms', { ms: Math.round(node.clockSkewMs) || 0 })}
                  </dd>
                </>
              )}
            </dl>
            <div class="row">
              <NodeActions node={node} />
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function NodeActions({ node: { nodeId, state } }: { node: Node }) {
  const path = { id: nodeId };
  const moved = ({ moves }: { readonly moves: readonly unknown[] }): string =>
    consoleText('act.moved', { n: moves.length });
  const isOut = state === 'draining' || state === 'drained';
  return (
    <>
      {isOut ? (
        <Action
          key="undrain"
          label={consoleText('act.undrain')}
          command={`undrain ${nodeId}`}
          target={nodeId}
          plan={async () => {
            const body = { dryRun: true };
            return (
              <Planned
                of={await client.call('POST /v1/operator/nodes/{id}/undrain', { path, body })}
              />
            );
          }}
          run={async () =>
            moved(await client.call('POST /v1/operator/nodes/{id}/undrain', { path, body: {} }))
          }
        />
      ) : (
        <Action
          key="drain"
          label={consoleText('act.drain')}
          command={`drain ${nodeId}`}
          target={nodeId}
          plan={async () => {
            const body = { dryRun: true };
            return (
              <Planned
                of={await client.call('POST /v1/operator/nodes/{id}/drain', { path, body })}
              />
            );
          }}
          run={async () =>
            moved(await client.call('POST /v1/operator/nodes/{id}/drain', { path, body: {} }))
          }
        />
      )}
      <Action
        label={consoleText('act.restart')}
        command="systemctl restart livedrops"
        isOfMachine
        target={nodeId}
        run={async () => {
          await client.call('POST /v1/operator/nodes/{id}/restart', { path });
          return consoleText('act.done');
        }}
      />
    </>
  );
}

function Unowned({ nodes, shards }: MapProps) {
  const known = new Set(nodes.map(({ nodeId }) => nodeId));
  const lost = shards.filter(({ owner }) => owner === null || !known.has(owner));
  const bad = shards.filter(({ fault }) => fault !== null);
  return (
    <>
      {lost.length > 0 && (
        <section class="stack">
          <Notice tone="bad">{consoleText('shards.lost', { n: lost.length })}</Notice>
          <ShardMap shards={lost} hue={null} rateMax={0} />
        </section>
      )}
      {bad.map(({ shard, fault }) => (
        <Notice key={shard} tone="bad">
          {consoleText('shard.one', { shard })}: {fault}
        </Notice>
      ))}
    </>
  );
}

function Moves({ moves }: { moves: readonly Move[] }) {
  return (
    <section class="stack">
      <h2>{consoleText('moves.title')}</h2>
      {moves.length === 0 && <p class="soft">{consoleText('moves.none')}</p>}
      <ul class="stack" role="list">
        {moves.map(({ id, shard, from, to, endedAt, blackoutMs, result, reason }) => (
          <li class="row" key={id}>
            <Badge tone={result === 'done' ? 'good' : 'warn'}>{result}</Badge>
            <span>{consoleText('moves.line', { shard, from, to })}</span>
            {blackoutMs !== null && (
              <span class="soft number">
                {consoleText('moves.blackout', { ms: Math.round(blackoutMs) })}
              </span>
            )}
            <span class="soft">{reason}</span>
            <span class="soft">{momentText(endedAt, serverNow())}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/**
 * A plan, and the command. It needs a process that outlives the nodes: the page is served by one of
 * them, and a tab that is closed in the middle would leave a node drained.
 */
function RollingRestart({ nodes }: { nodes: readonly Node[] }) {
  const living = nodes.filter(({ state }) => state !== 'lost');
  const isPossible = living.filter(({ state }) => state === 'serving').length > 1;
  return (
    <section class="stack">
      <h2>{consoleText('rolling.title')}</h2>
      <p class="soft">{consoleText('rolling.text')}</p>
      <p>
        <code>livedrops rolling-restart</code>
      </p>
      {isPossible ? (
        <ol class="console-plan">
          {living.map(({ nodeId, state, shardsOwned }) => (
            <li key={nodeId}>
              <b>{nodeId}</b>:{' '}
              {state === 'drained'
                ? consoleText('rolling.empty')
                : consoleText('rolling.turn', { n: shardsOwned })}
            </li>
          ))}
        </ol>
      ) : (
        <Notice tone="plain">{consoleText('rolling.alone')}</Notice>
      )}
    </section>
  );
}
