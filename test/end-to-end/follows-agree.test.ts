// Follows and unfollows of the same pairs through several gateways at once, and what open streams
// then hear, against the whole server.

import { LiveClient } from './live-client.ts';
import { onEachProfile } from './profiles.ts';
import { SaleServer } from './sale-server.ts';

const CREATORS = 8;
const CHANGES = 12;

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  test('F5: follow and unfollow at once through all gateways, and streams agree in the end', async (t) => {
    const fan = server.fresh('fan');
    const streams = await Promise.all([1, 2, 3].map(() => LiveClient.listen(t, server, fan)));
    const creators = await Promise.all(
      Array.from({ length: CREATORS }, async () => (await server.register('Cleo')).id),
    );
    const changes = creators.flatMap((creator) =>
      Array.from({ length: CHANGES }, (_, i) => ({
        path: `/v1/creators/${creator}/follow`,
        method: i % 2 === 0 ? 'POST' : 'DELETE',
      })),
    );
    await Promise.all(changes.map(({ method, path }) => server.call(method, path, { as: fan })));
    for (const creator of creators) {
      const query = `/v1/follows?user_id=${fan}&creator_id=${creator}`;
      const following = (await server.get(query)).json['following'] === true;
      const topic = `creator:${creator}`;
      for (const stream of streams) {
        // A followed creator stays on the stream, which says so.
        const hears = async () => {
          const isAnswer = (frame: { type: string; topic?: string }) =>
            frame.topic === topic && ['error', 'unsubscribed'].includes(frame.type);
          const answer = await stream.ask({ type: 'unsubscribe', topic }, isAnswer);
          return answer.code === 'forbidden';
        };
        t.is(await server.inAMoment(hears, (heard) => heard === following), following, creator);
      }
    }
  });
});
