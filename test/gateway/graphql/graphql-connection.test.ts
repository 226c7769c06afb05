// One connection by graphql-transport-ws on a real hub, with operations made up.

import test from 'ava';
import type {
  AskedOperation,
  GraphQLClient,
} from '../../../gateway/graphql/live/graphql-client.ts';
import { GraphQLConnection } from '../../../gateway/graphql/live/graphql-connection.ts';
import type { GraphQLLive } from '../../../gateway/graphql/live/graphql-live.ts';
import { FakeSocket, LiveHarness, settled } from '../live/live-harness.ts';

interface Begun {
  readonly place: AskedOperation;
  drained: number;
  stopped: number;
}

const DEFECT = '{ defect }';

function connect() {
  const harness = new LiveHarness();
  const socket = new FakeSocket();
  const begun: Begun[] = [];
  const clients: GraphQLClient[] = [];
  const live: Pick<GraphQLLive, 'begin' | 'signedIn' | 'signedOut'> = {
    begin: async (client, place, payload) => {
      if ((payload as { query: string }).query === DEFECT) throw new Error('a defect');
      clients.push(client);
      const one: Begun = { place, drained: 0, stopped: 0 };
      begun.push(one);
      return { drained: () => (one.drained += 1), stop: () => (one.stopped += 1) };
    },
    signedIn: () => undefined,
    signedOut: () => undefined,
  };
  socket.connection = harness.hub.adopt(
    socket,
    (context) =>
      new GraphQLConnection({
        context,
        socket,
        live: live as GraphQLLive,
        peer: {
          identity: null,
          dropId: null,
          token: '',
          address: '192.0.2.1',
          addressKey: '192.0.2.1',
          countFor: () => true,
        },
      }),
  );
  socket.say({ type: 'connection_init' });
  return { harness, socket, begun, clients };
}

const subscribe = (id: string) => ({ type: 'subscribe', id, payload: { query: '{ a }' } });

test('G3, N7: an operation that waits for room hears of it, although no frame was missed', async (t) => {
  const { socket, begun } = connect();
  socket.say(subscribe('1'));
  await settled();
  socket.connection!.drained();
  t.is(begun[0]?.drained, 1);
});

test('G3: an operation that ends late does not end another with its id', async (t) => {
  const { socket, begun, clients } = connect();
  socket.say(subscribe('1'));
  socket.say({ type: 'complete', id: '1' });
  socket.say(subscribe('1'));
  await settled();
  t.deepEqual(
    begun.map(({ stopped }) => stopped),
    [1, 0],
  );
  socket.take();
  clients[0]!.completed(begun[0]!.place);
  clients[0]!.failed(begun[0]!.place, []);
  t.deepEqual(socket.take(), []);
  socket.connection!.closed();
  t.is(begun[1]?.stopped, 1);
});

test('G3, H2: an operation that meets a defect is told so, and the others go on', async (t) => {
  const { harness, socket, begun } = connect();
  socket.take();
  socket.say(subscribe('1'));
  socket.say({ ...subscribe('2'), payload: { query: DEFECT } });
  await settled();
  t.like(socket.take(), [
    { type: 'error', id: '2', payload: [{ extensions: { code: 'internal' } }] },
  ]);
  t.is(harness.logged.length, 1);
  t.is(begun[0]?.stopped, 0);
});
