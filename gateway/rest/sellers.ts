// The operators' routes of how sellers stand and what is taken down (A11).

import { PageQuery } from '../../contracts/paging.ts';
import {
  ChangedSeller,
  ChangedSellerBody,
  MadeTakeDown,
  MadeTakeDownBody,
  NewTakeDown,
  Seller,
  SellerBody,
  SellerChange,
  SellerPage,
  SellerQuery,
  TakeDown,
  TakeDownPage,
} from '../../contracts/restrictions.ts';
import { TAKEN_DOWN, type TakenDown } from '../../contracts/standings.ts';
import { presenter } from '../../contracts/wire.ts';
import { emptyReply, jsonReply, type Route, userRoute } from '../http/route.ts';
import { pageBody } from '../present.ts';
import { operatorRoute } from './operator-route.ts';
import { pageRequest } from './paging.ts';

const sellerBody = presenter(Seller);
const changedBody = presenter(ChangedSeller);
const takeDownBody = presenter(TakeDown);
const madeBody = presenter(MadeTakeDown);

export function sellerRoutes(): Route[] {
  return [
    userRoute(
      {
        ...operatorRoute('GET', 'sellers'),
        summary: 'Creators who are pending (unless said otherwise), approved or suspended.',
        query: SellerQuery,
        response: SellerPage,
      },
      async ({ call, caller, query }) => {
        const { standing = 'pending', ...rest } = query;
        const page = await call('sellers.list', { caller, standing, page: pageRequest(rest) });
        return page.ok ? jsonReply(200, pageBody(page.value, sellerBody)) : page;
      },
    ),
    userRoute(
      {
        ...operatorRoute('GET', 'sellers/{id}'),
        idsOfUsers: ['id'],
        summary: 'How a creator stands.',
        response: SellerBody,
      },
      async ({ call, caller, id: creatorId }) => {
        const seller = await call('sellers.get', { caller, creatorId });
        return seller.ok ? jsonReply(200, sellerBody(seller.value)) : seller;
      },
    ),
    userRoute(
      {
        ...operatorRoute('PUT', 'sellers/{id}', ['too-many', 'overloaded']),
        idsOfUsers: ['id'],
        summary: 'Approve or suspend a creator, or neither. Who is suspended makes nothing new.',
        body: SellerChange,
        response: ChangedSellerBody,
      },
      async ({ call, caller, id: creatorId, body: change }) => {
        const changed = await call('sellers.change', { caller, creatorId, change });
        return changed.ok ? jsonReply(200, changedBody(changed.value)) : changed;
      },
    ),
    ...TAKEN_DOWN.flatMap(takeDownRoutes),
  ];
}

function takeDownRoutes(of: TakenDown): Route[] {
  const path = `take-downs/${of}s`;
  const ids = of === 'creator' ? { idsOfUsers: ['id'] } : {};
  return [
    userRoute(
      {
        ...operatorRoute('GET', path),
        summary: `Each ${of} that is taken down, newest first.`,
        query: PageQuery,
        response: TakeDownPage,
      },
      async ({ call, caller, query }) => {
        const page = await call('sellers.takeDowns', { caller, of, page: pageRequest(query) });
        return page.ok ? jsonReply(200, pageBody(page.value, takeDownBody)) : page;
      },
    ),
    userRoute(
      {
        ...operatorRoute('PUT', `${path}/{id}`, ['not-found', 'too-many', 'overloaded']),
        ...ids,
        summary: `Take a ${of} down: it is hidden, and its drops are paused, or cancelled.`,
        body: NewTakeDown,
        response: MadeTakeDownBody,
      },
      async ({ call, caller, id, body: takeDown }) => {
        const made = await call('sellers.takeDown', { caller, of, id, takeDown });
        return made.ok ? jsonReply(200, madeBody(made.value)) : made;
      },
    ),
    userRoute(
      {
        ...operatorRoute('DELETE', `${path}/{id}`, ['not-found']),
        ...ids,
        summary: `Show a ${of} again that was taken down. Drops that are paused stay so.`,
        status: 204,
      },
      async ({ call, caller, id }) => {
        const restored = await call('sellers.restore', { caller, of, id });
        return restored.ok ? emptyReply(204) : restored;
      },
    ),
  ];
}
