// Products, drops and those who sell them: what every visitor reads.

import { ProfileBody } from '../../contracts/accounts.ts';
import { DropAccess, DropBody, DropQuery } from '../../contracts/drops.ts';
import { FollowPage } from '../../contracts/follows.ts';
import { MediaBody, Picture, ProductMedia } from '../../contracts/media.ts';
import { ProductBody } from '../../contracts/products.ts';
import { BanPage } from '../../contracts/restrictions.ts';
import { unlistedToo } from '../../contracts/unlisted.ts';
import { wire } from '../../contracts/wire.ts';
import { idOf, type Row } from './builder.ts';
import { connectionOf, connectionType, pageArgs } from './connections.ts';
import type { Context } from './context.ts';
import { COSTS, costOfList } from './costs.ts';
import { restId } from './node-ids.ts';
import type { Parts } from './parts.ts';
import { describe } from './shapes.ts';

export type Catalogue = ReturnType<typeof addCatalogue>;

const UNLISTED_TOO = describe(unlistedToo);

export function addCatalogue(parts: Parts) {
  const { builder, shapes } = parts;
  const restIdField = 'The id that REST and live streams have.';
  const user = builder.objectRef<Row>('User');
  const product = builder.objectRef<Row>('Product');
  const drop = builder.objectRef<Row>('Drop');
  const productList = connectionType(parts, product);
  const dropList = connectionType(parts, drop);
  const follow = shapes.extend('Follow', FollowPage.properties.items.items, ['userId'], (t) => ({
    user: t.field({
      type: user,
      nullable: true,
      complexity: COSTS.loaded,
      resolve: (row, _, { users }) => users.load(String(row['userId'])),
    }),
  }));
  const followList = connectionType(parts, follow);
  const ban = shapes.objectOf(BanPage.properties.items.items);
  const banList = connectionType(parts, ban);

  builder.node(user, {
    description: 'A person or an organisation; a creator where it has products.',
    id: { resolve: idOf },
    loadOne: (id, { users }) => users.load(id),
    brandLoadedObjects: true,
    fields: (t) => {
      const listed = (
        type: typeof followList,
        description: string,
        pathOf: (id: string) => string,
      ) =>
        t.field({
          type,
          nullable: true,
          complexity: costOfList,
          description,
          args: pageArgs(t.arg),
          resolve: (row, args, context) =>
            connectionOf(context, pathOf(encodeURIComponent(idOf(row))), args),
        });
      return {
        restId: t.string({ description: restIdField, resolve: idOf }),
        ...shapes.fieldsOf(t, ProfileBody, ['id']),
        products: t.field({
          type: productList,
          nullable: true,
          complexity: costOfList,
          args: pageArgs(t.arg),
          resolve: (row, args, context) =>
            connectionOf(context, '/v1/products', args, { creator_id: idOf(row) }),
        }),
        drops: t.field({
          type: dropList,
          nullable: true,
          complexity: costOfList,
          args: {
            ...pageArgs(t.arg),
            status: t.arg({ type: shapes.enumOf(DropQuery.properties.status) }),
          },
          resolve: (row, { status, ...args }, context) =>
            connectionOf(context, '/v1/drops', args, { creator_id: idOf(row), status }),
        }),
        followers: listed(
          followList,
          'Who follows this creator, newest first.',
          (id) => `/v1/creators/${id}/followers`,
        ),
        following: listed(
          followList,
          'Whom this user follows, newest first.',
          (id) => `/v1/users/${id}/following`,
        ),
        bans: listed(
          banList,
          'Whom this creator has banned, newest first, for the creator and operators.',
          (id) => `/v1/creators/${id}/bans`,
        ),
      };
    },
  });
  builder.node(product, {
    id: { resolve: idOf },
    loadOne: (id, { products }) => products.load(id),
    brandLoadedObjects: true,
    fields: (t) => ({
      restId: t.string({ description: restIdField, resolve: idOf }),
      ...shapes.fieldsOf(t, ProductBody, ['id', 'creatorId', 'imageUrls', 'media']),
      imageUrls: t.field({ type: ['URL'], resolve: (row) => row['imageUrls'] as string[] }),
      media: t.field({
        type: [shapes.objectOf(wire(ProductMedia))],
        nullable: true,
        complexity: COSTS.loaded,
        description: 'Those that are ready, in their order; private ones for their owner.',
        resolve: (row, _, context) => mediaOf(row, context),
      }),
      creator: t.field({
        type: user,
        nullable: true,
        complexity: COSTS.loaded,
        description: 'Null where the creator has no account here.',
        resolve: (row, _, { users }) => users.load(String(row['creatorId'])),
      }),
      drops: t.field({
        type: dropList,
        nullable: true,
        complexity: costOfList,
        args: pageArgs(t.arg),
        resolve: (row, args, context) =>
          connectionOf(context, '/v1/drops', args, { product_id: idOf(row) }),
      }),
    }),
  });
  builder.node(drop, {
    description: 'A sale of units of a product, as of one version.',
    id: { resolve: idOf },
    loadOne: (id, { drops }) => drops.load(id),
    brandLoadedObjects: true,
    fields: (t) => ({
      restId: t.string({ description: restIdField, resolve: idOf }),
      ...shapes.fieldsOf(t, DropBody, ['id', 'creatorId', 'productId', 'access', 'picture']),
      picture: t.field({
        type: shapes.objectOf(wire(Picture)),
        nullable: true,
        complexity: COSTS.loaded,
        description: 'Of its product, where everybody may see it.',
        resolve: async (row, _, { products }) =>
          (row['picture'] ?? (await products.load(String(row['productId'])))?.['picture']) as Row,
      }),
      access: t.field({
        type: shapes.enumOf(DropAccess),
        description: 'Who may order.',
        resolve: (row) => (row['access'] ?? 'public') as never,
      }),
      product: t.field({
        type: product,
        nullable: true,
        complexity: COSTS.loaded,
        description: 'Null where it is taken down.',
        resolve: (row, _, { products }) => products.load(String(row['productId'])),
      }),
      creator: t.field({
        type: user,
        nullable: true,
        complexity: COSTS.loaded,
        description: 'Null where the creator has no account here.',
        resolve: (row, _, { users }) => users.load(String(row['creatorId'])),
      }),
    }),
  });

  const media = builder.objectRef<Row>('Media');
  const findMedia = (id: string, context: Context): Promise<Row | null> =>
    context.find(`/v1/media/${encodeURIComponent(id)}`);
  builder.node(media, {
    description: 'A picture or a film that was uploaded.',
    id: { resolve: idOf },
    loadOne: findMedia,
    brandLoadedObjects: true,
    fields: (t) => ({
      restId: t.string({ description: restIdField, resolve: idOf }),
      ...shapes.fieldsOf(t, MediaBody, ['id', 'ownerId']),
    }),
  });

  builder.queryFields((t) => ({
    media: t.field({
      type: media,
      nullable: true,
      complexity: COSTS.read,
      description: 'A picture or a film; a private one for its owner.',
      args: { id: t.arg.id({ required: true }) },
      resolve: (_, { id }, context) => findMedia(restId('Media', id), context),
    }),
    drop: t.field({
      type: drop,
      nullable: true,
      complexity: COSTS.loaded,
      description: 'A drop with its stock; a draft for its creator.',
      args: { id: t.arg.id({ required: true }) },
      resolve: (_, { id }, { drops }) => drops.load(restId('Drop', id)),
    }),
    product: t.field({
      type: product,
      nullable: true,
      complexity: COSTS.loaded,
      args: { id: t.arg.id({ required: true }) },
      resolve: (_, { id }, { products }) => products.load(restId('Product', id)),
    }),
    user: t.field({
      type: user,
      nullable: true,
      complexity: COSTS.loaded,
      description: 'A creator, or anybody else with an account.',
      args: { id: t.arg.id({ required: true }) },
      resolve: (_, { id }, { users }) => users.load(restId('User', id)),
    }),
    drops: t.field({
      type: dropList,
      nullable: true,
      complexity: costOfList,
      description: 'Drops, newest first. The stock shown may be a second old.',
      args: {
        ...pageArgs(t.arg),
        status: t.arg({ type: shapes.enumOf(DropQuery.properties.status) }),
        creatorId: t.arg.id(),
        productId: t.arg.id(),
        externalId: t.arg.string({ description: 'only together with creatorId' }),
        unlisted: t.arg.boolean({ description: UNLISTED_TOO }),
      },
      resolve: (_, { status, creatorId, productId, externalId, unlisted, ...args }, context) =>
        connectionOf(context, '/v1/drops', args, {
          status,
          creator_id: optionalId('User', creatorId),
          product_id: optionalId('Product', productId),
          external_id: externalId,
          unlisted,
        }),
    }),
    products: t.field({
      type: productList,
      nullable: true,
      complexity: costOfList,
      description: 'Products, newest first.',
      args: {
        ...pageArgs(t.arg),
        creatorId: t.arg.id(),
        externalId: t.arg.string({ description: 'only together with creatorId' }),
        unlisted: t.arg.boolean({ description: UNLISTED_TOO }),
      },
      resolve: (_, { creatorId, externalId, unlisted, ...args }, context) =>
        connectionOf(context, '/v1/products', args, {
          creator_id: optionalId('User', creatorId),
          external_id: externalId,
          unlisted,
        }),
    }),
  }));
  return { user, product, drop, dropList };
}

/** Lists leave them out, and readers in common have no private ones. */
async function mediaOf(row: Row, context: Context): Promise<Row[]> {
  if (row['media'] === undefined && row['mediaIds'] !== undefined) {
    const id = idOf(row);
    const isOwn = row['hasPrivateMedia'] === true && context.isKnown;
    const whole = await (isOwn ? context.find(`/v1/products/${id}`) : context.products.load(id));
    return (whole?.['media'] ?? []) as Row[];
  }
  return (row['media'] ?? []) as Row[];
}

export function optionalId(type: string, id: string | null | undefined): string | undefined {
  return id === null || id === undefined ? undefined : restId(type, id);
}
