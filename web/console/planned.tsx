// Which shards a change would move, and why.

import type { MovePlan } from '../../sdk/api.ts';
import { consoleText } from './texts.ts';

export function Planned({ of: { moves } }: { of: MovePlan }) {
  if (moves.length === 0) return <p>{consoleText('act.plan.none')}</p>;
  return (
    <details>
      <summary>{consoleText('act.plan.moves', { n: moves.length })}</summary>
      <ul class="console-plan">
        {moves.map(({ shard, from, to, reason }) => (
          <li key={shard}>
            {consoleText('moves.line', { shard, from: from ?? '–', to })}{' '}
            <span class="soft small">{reason}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
