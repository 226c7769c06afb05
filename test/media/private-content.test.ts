// Which content is private (M2), over a node that answers what it is told to.

import test from 'ava';
import type { MediaBackend } from '../../media/media-backend.ts';
import { PrivateContent } from '../../media/delivery/private-content.ts';

const SHA256 = 'a'.repeat(64);

function contentOf(mediaIds: readonly string[]) {
  const state = { publicIds: new Set<string>(), isAway: false, asked: 0 };
  const backend = {
    call: async (_: string, { mediaIds: ids }: { readonly mediaIds: readonly string[] }) => {
      state.asked += 1;
      if (state.isAway) return { ok: false, code: 'unavailable' };
      return { ok: true, value: ids.some((id) => state.publicIds.has(id)) };
    },
  } as unknown as MediaBackend;
  const content = new PrivateContent({ references: { idsOf: async () => [...mediaIds] }, backend });
  return { state, content };
}

test('M2: content is public once one of its media is, and asked for once', async (t) => {
  const { state, content } = contentOf(['m_private', 'm_public']);
  state.publicIds.add('m_public');
  const answers = await Promise.all([content.isPrivate(SHA256), content.isPrivate(SHA256)]);
  t.deepEqual([...answers, await content.isPrivate(SHA256)], [false, false, false]);
  t.is(state.asked, 1);
});

test('M2: content is private where no medium of it is public, and unknown where nobody answers', async (t) => {
  t.false(await contentOf([]).content.isPrivate(SHA256), 'there is nothing to hide');
  const { state, content } = contentOf(['m_1']);
  state.isAway = true;
  await t.throwsAsync(content.isPrivate(SHA256));
  state.isAway = false;
  t.true(await content.isPrivate(SHA256));
});
