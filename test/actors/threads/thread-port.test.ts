import { MessageChannel } from 'node:worker_threads';
import test, { type ExecutionContext } from 'ava';
import { ThreadPort } from '../../../actors/threads/thread-port.ts';
import { problemOfFault } from '../../../gateway/http/problems.ts';

interface Ends {
  readonly near: ThreadPort<string, string>;
  readonly far: ThreadPort<string, string>;
  /** What came at the far end. */
  readonly came: string[];
}

function ends(t: ExecutionContext, answer: (question: string) => Promise<unknown>): Ends {
  const { port1, port2 } = new MessageChannel();
  t.teardown(() => port1.close());
  const came: string[] = [];
  const near = new ThreadPort<string, string>({
    port: port1,
    answer: async (question) => `near ${question}`,
    told: () => undefined,
  });
  const far = new ThreadPort<string, string>({
    port: port2,
    answer(question) {
      came.push(`asked ${question}`);
      return answer(question);
    },
    told: (told) => came.push(`told ${told}`),
  });
  return { near, far, came };
}

test('both ends ask, and all comes in the order in which it was sent', async (t) => {
  const { near, far, came } = ends(t, async (question) => ({ of: question }));
  near.tell('a');
  const answer = near.ask('b');
  near.tell('c');
  t.deepEqual(await answer, { of: 'b' });
  t.is(await far.ask('d'), 'near d');
  t.deepEqual(came, ['told a', 'asked b', 'told c']);
});

test('a fault keeps its message and what it is known by', async (t) => {
  const { near } = ends(t, async () => {
    throw Object.assign(new Error('the disk is full'), { code: 'store-unavailable' });
  });
  const fault = await t.throwsAsync(near.ask('x'), { message: 'the disk is full' });
  t.is(problemOfFault(fault).code, 'unavailable');
});

test('H6: so many questions wait, and no more', async (t) => {
  const waiting = Promise.withResolvers<void>();
  const { near } = ends(t, () => waiting.promise);
  const asked = Array.from({ length: 10_000 }, () => near.ask('x'));
  const fault = await t.throwsAsync(near.ask('x'));
  t.is(problemOfFault(fault).code, 'overloaded');
  waiting.resolve();
  await Promise.all(asked);
  t.is(await near.ask('x'), undefined);
});

test('where the other end has ended nothing waits', async (t) => {
  const { near, far } = ends(t, () => new Promise<never>(() => undefined));
  const asked = near.ask('x');
  far.close();
  t.is(problemOfFault(await t.throwsAsync(asked)).code, 'unavailable');
  t.is(problemOfFault(await t.throwsAsync(near.ask('x'))).code, 'unavailable');
});
