// What a creator can do with a drop that is announced or live.

import { useSignal } from '@preact/signals';
import { STOCK_MAX } from '../../contracts/bounds.ts';
import type { Drop } from '../../sdk/api.ts';
import { Fault } from '../shared/components/fault.tsx';
import { client } from '../shared/server.ts';
import { studioText } from './texts.ts';
import { TypedConfirmation } from './typed-confirmation.tsx';
import { useWorking } from '../shared/working.ts';

interface ActionsProps {
  readonly drop: Drop;
  /** Of the product: it is typed before the drop is cancelled. */
  readonly name: string;
  readonly onChange: (drop: Drop) => void;
}

export function Actions({ drop, name, onChange }: ActionsProps) {
  const units = useSignal(10);
  const isCancelling = useSignal(false);
  const { isBusy, fault, run } = useWorking();
  const path = { id: drop.id };
  const isCurrent = drop.status === 'live' || drop.status === 'upcoming';
  if (!isCurrent && drop.status !== 'ended') return null;
  return (
    <section class="stack">
      {isCurrent && (
        <form
          class="row"
          onSubmit={(event) => {
            event.preventDefault();
            const body = { addStock: units.value };
            run(() => client.call('PATCH /v1/drops/{id}', { path, body }), onChange);
          }}
        >
          <label class="hidden" for="restock">
            {studioText('act.restock.units')}
          </label>
          <input
            class="input number studio-units"
            id="restock"
            type="number"
            required
            min={1}
            max={STOCK_MAX}
            value={units.value}
            onInput={({ currentTarget }) => (units.value = currentTarget.valueAsNumber || 0)}
          />
          <button class="button" type="submit" aria-disabled={isBusy.value}>
            {studioText('act.restock')}
          </button>
          {drop.status === 'live' && (
            <button
              class="button"
              type="button"
              aria-disabled={isBusy.value}
              onClick={() =>
                run(
                  () =>
                    drop.paused === true
                      ? client.call('POST /v1/drops/{id}/resume', { path })
                      : client.call('POST /v1/drops/{id}/pause', { path }),
                  onChange,
                )
              }
            >
              {studioText(drop.paused === true ? 'act.resume' : 'act.pause')}
            </button>
          )}
          <button
            class="button"
            type="button"
            aria-expanded={isCancelling.value}
            onClick={() => (isCancelling.value = !isCancelling.value)}
          >
            {studioText('act.cancel')}
          </button>
        </form>
      )}
      {!isCurrent && (
        <p>
          <button
            class="button"
            type="button"
            aria-expanded={isCancelling.value}
            onClick={() => (isCancelling.value = !isCancelling.value)}
          >
            {studioText('act.cancel')}
          </button>
        </p>
      )}
      {isCancelling.value && (
        <TypedConfirmation
          label={studioText('act.cancel.text', { name })}
          expected={name}
          go={studioText('act.cancel.go')}
          isBusy={isBusy.value}
          onKeep={() => (isCancelling.value = false)}
          onGo={() =>
            run(
              () => client.call('POST /v1/drops/{id}/cancel', { path }),
              (changed) => {
                isCancelling.value = false;
                onChange(changed);
              },
            )
          }
        />
      )}
      <Fault of={fault} />
    </section>
  );
}
