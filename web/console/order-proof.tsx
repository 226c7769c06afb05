// The proof that an order is in the ledger. The server gives it; who does not trust the server
// checks it with the command.

import { useSignal } from '@preact/signals';
import type { LedgerProof } from '../../sdk/api.ts';
import { Fault } from '../shared/components/fault.tsx';
import { valuesOf } from '../shared/components/log-in.tsx';
import { Field, Notice } from '../shared/components/parts.tsx';
import { client } from '../shared/server.ts';
import { useWorking } from '../shared/working.ts';
import { option } from './command-line.ts';
import { consoleText } from './texts.ts';

interface Proved {
  readonly order: string;
  readonly buyer: string;
  readonly proof: LedgerProof;
}

export function OrderProof() {
  const proved = useSignal<Proved | null>(null);
  const { isBusy, fault, run } = useWorking();
  return (
    <section class="stack">
      <h2>{consoleText('proof.title')}</h2>
      <form
        class="console-filters"
        onSubmit={(event) => {
          event.preventDefault();
          const texts = valuesOf(event.currentTarget, 'order', 'buyer');
          const [order, buyer] = texts.map((text) => text.trim()) as [string, string];
          proved.value = null;
          const query = { order, buyer };
          run(
            () => client.call('GET /v1/operator/ledger/proof', { query }),
            (proof) => (proved.value = { order, buyer, proof }),
          );
        }}
      >
        <Field name="order" label={consoleText('proof.order')} autocomplete="off" />
        <Field name="buyer" label={consoleText('proof.buyer')} autocomplete="off" />
        <button class="button" type="submit" aria-disabled={isBusy.value}>
          {consoleText('find')}
        </button>
      </form>
      <Fault of={fault} />
      {proved.value !== null && <Result {...proved.value} />}
    </section>
  );
}

function Result({ order, buyer, proof: { tree, number, inclusion } }: Proved) {
  return (
    <>
      <Notice tone="good">
        {consoleText('proof.found', { tree, number, hashes: inclusion.path.length })}
      </Notice>
      <p>
        {consoleText('proof.check')}{' '}
        <code>
          livedrops ledger prove{option('order', order)}
          {option('buyer', buyer)}
        </code>
      </p>
    </>
  );
}
