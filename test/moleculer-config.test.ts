// The broker's options: where its log lines go.

import test from 'ava';
import { ServiceBroker } from 'moleculer';
import pino from 'pino';
import { brokerOptions } from '../moleculer.config.ts';
import { createCallAction } from '../services/moleculer/call-action.ts';

interface Line {
  readonly level: number;
  readonly module: string;
  readonly msg: string;
  readonly err?: { readonly message: string };
}

async function linesAt(level: pino.Level): Promise<Line[]> {
  const lines: Line[] = [];
  const log = pino({ level }, { write: (text: string) => void lines.push(JSON.parse(text)) });
  const broker = new ServiceBroker(brokerOptions({ nodeId: 'test', natsUrl: null, log }));
  broker.createService({ name: 'orders', actions: { list: () => ({ ok: true, value: null }) } });
  await broker.start();
  const call = createCallAction(broker);
  await call('orders.list', { userId: 'u_1', page: { limit: 1, cursor: null } });
  await call('accounts.logout', { refreshToken: 'x' });
  await broker.stop();
  return lines;
}

test('the broker says through the process log what is amiss, with the error', async (t) => {
  const lines = await linesAt('info');
  t.true(lines.every(({ level, module }) => level === 40 && module === 'broker'));
  const unanswered = lines.find(({ msg }) => msg === 'accounts.logout could not be answered');
  t.is(unanswered?.err?.message, "Service 'accounts.logout' is not found.");
});

test('the broker tells its start at debug, and single calls at trace only', async (t) => {
  const isAboutCall = ({ msg }: Line) => msg.includes('Call action');
  const debug = await linesAt('debug');
  t.true(debug.length > 3);
  t.false(debug.some(isAboutCall));
  t.true((await linesAt('trace')).some(isAboutCall));
});

test('of a failed call its caller tells, and the broker at debug only', async (t) => {
  const isOfBroker = ({ msg }: Line) => msg === "Service 'accounts.logout' is not registered.";
  t.false((await linesAt('info')).some(isOfBroker));
  t.true((await linesAt('debug')).some(isOfBroker));
});
