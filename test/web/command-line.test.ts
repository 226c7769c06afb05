// The command lines that the console shows can be pasted into a shell.

import test from 'ava';
import { flag, option, quoted } from '../../web/console/command-line.ts';

test('U3: a text is one word for a shell, whatever is in it', (t) => {
  t.is(quoted('s_1:north/a.b@c-d'), 's_1:north/a.b@c-d');
  t.is(quoted('paid by hand; $(rm)'), "'paid by hand; $(rm)'");
  t.is(quoted("it's done"), `'it'\\''s done'`);
});

test('U3: options without a text are left out', (t) => {
  t.is(option('reason', undefined), '');
  t.is(option('reason', '  '), '');
  t.is(option('reason', ' paid by hand '), " --reason 'paid by hand'");
  t.is(flag('pause', false), '');
  t.is(flag('pause', true), ' --pause');
});
