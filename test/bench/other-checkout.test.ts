import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { openCheckout } from '../../bench/other-checkout.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('a directory with a checkout is measured as it stands and stays there', (t) => {
  const checkout = openCheckout(ROOT);
  t.is(checkout.command, `${ROOT}operator/livedrops.ts`);
  checkout.remove();
  t.true(existsSync(checkout.command));
});

test('a name that is neither directory nor commit is an error and leaves no files', (t) => {
  const checkouts = () =>
    readdirSync(tmpdir()).filter((name) => name.startsWith('livedrops-checkout-'));
  const before = checkouts();
  t.throws(() => openCheckout('no-such-commit'), {
    message: /git checkout .*no-such-commit failed/,
  });
  t.deepEqual(checkouts(), before);
});
