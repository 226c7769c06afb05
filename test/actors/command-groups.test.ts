import test from 'ava';
import { CommandGroups, GATHER_MAX_MS } from '../../actors/command-groups.ts';
import type { DropCommand } from '../../domain/commands.ts';

const NOBODY = { complete: () => undefined };

function place(key: string): DropCommand {
  return { type: 'place-order', dropId: 'd_1', userId: 'ada', key, quantity: 1 };
}

function keysOf(commands: readonly DropCommand[]): string[] {
  return commands.map((command) => (command.type === 'place-order' ? command.key : command.type));
}

test('what comes while a call within the process is under way gathers, and goes as one', (t) => {
  const groups = new CommandGroups({ self: 'here' });
  groups.add('here', place('1'), NOBODY, null);
  const [first] = groups.takeReady(1_000);
  t.deepEqual(keysOf(first!.commands), ['1']);
  groups.add('here', place('2'), NOBODY, null);
  t.deepEqual(groups.takeReady(1_001), []);
  groups.add('here', place('3'), NOBODY, null);
  t.true(groups.ended(first!));
  const [second, ...others] = groups.takeReady(1_002);
  t.deepEqual(keysOf(second!.commands), ['2', '3']);
  t.deepEqual(others, []);
  t.false(groups.areWaiting);
  t.false(groups.ended(first!), 'it ends once');
});

test('to another node one call travels while another is appended', (t) => {
  const groups = new CommandGroups({ self: 'here' });
  const sent = ['1', '2', '3'].map((key) => {
    groups.add('there', place(key), NOBODY, null);
    return groups.takeReady(1_000).length;
  });
  t.deepEqual(sent, [1, 1, 0]);
  groups.add('elsewhere', place('4'), NOBODY, null);
  const [other] = groups.takeReady(1_000);
  t.is(other!.nodeId, 'elsewhere', 'owners do not wait for one another');
});

test('H6: an owner that takes long holds nobody up', (t) => {
  const groups = new CommandGroups({ self: 'here' });
  groups.add('here', place('1'), NOBODY, null);
  groups.takeReady(1_000);
  groups.add('here', place('2'), NOBODY, null);
  t.is(groups.takeReady(1_000 + GATHER_MAX_MS - 1).length, 0);
  t.is(groups.takeReady(1_000 + GATHER_MAX_MS).length, 1);
});

test('a call takes 1,024 commands, and an order filter comes alone', (t) => {
  const groups = new CommandGroups({ self: 'here' });
  for (let i = 0; i < 1_025; i++) groups.add('here', place(`${i}`), NOBODY, null);
  groups.add('here', { type: 'get-order-filter', dropId: 'd_1' }, NOBODY, null);
  groups.add('here', place('last'), NOBODY, null);
  const ready = groups.takeReady(1_000);
  t.deepEqual(
    ready.map(({ commands }) => commands.length),
    [1_024, 2, 1],
  );
});

test('a call must end before the first of its commands may not be sent again', (t) => {
  const groups = new CommandGroups({ self: 'here' });
  groups.add('there', place('1'), NOBODY, 3_000);
  groups.add('there', place('2'), NOBODY, null);
  groups.add('there', place('3'), NOBODY, 2_000);
  const [call] = groups.takeReady(1_000);
  t.is(call!.until, 2_000);
  t.deepEqual(call!.deadlines, [3_000, null, 2_000]);
});
