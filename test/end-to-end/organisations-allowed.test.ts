// Every role and every action of the table, against the whole server (A10): allowed or refused
// exactly as `contracts/creator-actions.ts` says, and never for strangers.

import {
  CREATOR_ACTIONS,
  type CreatorAction,
  MEMBER_ROLES,
  type MemberRole,
  roleAllows,
  ruleOf,
} from '../../contracts/creator-actions.ts';
import { MailServer } from '../servers/mail-server.ts';
import { onEachProfile } from './profiles.ts';
import { dropTerms, eventually, type Json, succeeded } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';
import { Team } from './team.ts';

const LATER = 3_600_000;
/** One action of each service: who may is decided by the same code on two nodes. */
const OF_CLUSTER: ReadonlySet<CreatorAction> = new Set([
  'products.add',
  'drops.amend',
  'drafts.read',
  'orders.export',
  'jobs.cancel',
  'bans.lift',
  'organisations.setRole',
  'invitations.withdraw',
  'keys.revoke',
] as const);

onEachProfile((test, profile) => {
  let mail: MailServer;
  let server: SaleServer;
  let team: Team;
  let stranger: string;
  const members = new Map<MemberRole, string>();
  /** By what they are made below; each is read by many. */
  const files = new Map<string, Promise<string>>();
  test.before(async () => {
    mail = await MailServer.start();
    server = await SaleServer.start(profile, {
      LIVEDROPS_OUTBOUND_ALLOW: '127.0.0.0/8',
      LIVEDROPS_SMTP_URL: mail.url,
      LIVEDROPS_MAIL_FROM: 'Shop <no-reply@shop.example>',
      LIVEDROPS_RATE_LIMITS: 'off',
    });
    team = await Team.found(server, mail);
    for (const role of MEMBER_ROLES) members.set(role, (await team.join(role)).id);
    stranger = server.fresh('stranger');
  });
  test.after.always(async () => {
    await server?.stop();
    await mail?.stop();
  });

  const later = (): Json => {
    const startsAt = new Date(Date.now() + LATER).toISOString();
    return { ...dropTerms(), startsAt, endsAt: new Date(Date.now() + 2 * LATER).toISOString() };
  };
  const draft = () => team.drop({ ...later(), draft: true });
  const forPasses = (): Json => ({ ...later(), access: 'pass' });
  const live = () => team.drop(dropTerms());

  async function order(): Promise<{ dropId: string; orderId: string; buyer: string }> {
    const dropId = await live();
    const buyer = server.fresh('buyer');
    const placed = succeeded(await server.order(dropId, buyer, 'k'));
    return { dropId, orderId: String(placed.json['id']), buyer };
  }

  async function ask(method: string, path: string, as: string, body?: Json): Promise<number> {
    const options = body === undefined ? { as } : { as, body };
    return (await server.call(method, path, options)).status;
  }

  async function refundJob(): Promise<string> {
    const options = { as: team.founder.id, body: { all: true } };
    const queued = await server.post(`/v1/drops/${await live()}/refunds`, options);
    return String(succeeded(queued).json['id']);
  }

  /** The file of a job that the founder asks for below a drop. */
  function file(below: string, body: Json, terms = dropTerms()): Promise<string> {
    const known = files.get(below) ?? make(below, body, terms);
    files.set(below, known);
    return known;
  }

  async function make(below: string, body: Json, terms: Json): Promise<string> {
    const options = { as: team.founder.id, body };
    const { json } = succeeded(
      await server.post(`/v1/drops/${await team.drop(terms)}/${below}`, options),
    );
    const path = `/v1/jobs/${String(json['id'])}`;
    await eventually(
      async () => (await server.get(path, { as: team.founder.id })).json,
      ({ state }) => state === 'done',
    );
    return String(json['id']);
  }

  async function invitation(): Promise<string> {
    const path = `${team.path}/invitations`;
    const body = { email: `${server.fresh('guest')}@example.com`, role: 'support' };
    return String(succeeded(await server.post(path, { as: team.founder.id, body })).json['id']);
  }

  async function apiKey(): Promise<string> {
    const body = { name: 'Desk', scopes: ['orders:read'] };
    const options = { as: team.founder.id, body };
    return String(succeeded(await server.post(`${team.path}/api-keys`, options)).json['id']);
  }

  const webhookOf = (creatorId: string) => {
    return { url: 'http://127.0.0.1:65535/', events: ['order.confirmed'], creatorId };
  };

  async function webhook(): Promise<string> {
    const { items } = (
      await server.get(`/v1/webhooks?creator_id=${team.id}`, { as: team.founder.id })
    ).json as { items: readonly { readonly id: string }[] };
    if (items.length > 0) return items[0]!.id;
    const options = { as: team.founder.id, body: webhookOf(team.id) };
    return String(succeeded(await server.post('/v1/webhooks', options)).json['id']);
  }

  /** Each does the action on something of the team's own as this user, and answers the status. */
  const DO: Readonly<Record<CreatorAction, ((as: string) => Promise<number>) | null>> = {
    'products.add': (as) => ask('POST', `/v1/creators/${team.id}/products`, as, { name: 'Lamp' }),
    'products.change': async (as) =>
      await ask('PATCH', `/v1/products/${await team.product()}`, as, { name: 'Other' }),
    'drops.create': async (as) =>
      await ask('POST', `/v1/products/${await team.product()}/drops`, as, later()),
    'drops.amend': async (as) =>
      await ask('PATCH', `/v1/drops/${await team.drop(later())}`, as, { limitPerUser: 2 }),
    'drops.cancel': async (as) => await ask('POST', `/v1/drops/${await live()}/cancel`, as),
    'drops.pause': async (as) => await ask('POST', `/v1/drops/${await live()}/pause`, as, {}),
    'drops.resume': async (as) => {
      const dropId = await live();
      await ask('POST', `/v1/drops/${dropId}/pause`, team.founder.id, {});
      return await ask('POST', `/v1/drops/${dropId}/resume`, as);
    },
    'drafts.read': async (as) => {
      const [one, list] = [
        await ask('GET', `/v1/drops/${await draft()}`, as),
        await ask('GET', `/v1/drops?status=draft&creator_id=${team.id}`, as),
      ];
      if (one !== list) throw new Error(`the draft was ${one}, the list ${list}`);
      return one;
    },
    'drafts.announce': async (as) => await ask('POST', `/v1/drops/${await draft()}/announce`, as),
    'drafts.remove': async (as) => await ask('DELETE', `/v1/drops/${await draft()}`, as),
    'passes.make': async (as) =>
      await ask('POST', `/v1/drops/${await team.drop(forPasses())}/passes`, as, { count: 1 }),
    'jobs.makePasses': async (as) =>
      await ask('POST', `/v1/drops/${await team.drop(forPasses())}/pass-lists`, as, { count: 1 }),
    'passes.read': async (as) => {
      const jobId = await file('pass-lists', { count: 1 }, forPasses());
      return await ask('GET', `/v1/pass-lists/${jobId}`, as);
    },
    // Begun at the media origin: `test/services/media.test.ts`.
    'media.add': null,
    'media.upload': null,
    'media.remove': null,
    'orders.ofDrop': async (as) => await ask('GET', `/v1/drops/${await live()}/orders`, as),
    'analytics.read': async (as) => await ask('GET', `/v1/drops/${await live()}/analytics`, as),
    'orders.export': async (as) => await ask('GET', `/v1/drops/${await live()}/orders/export`, as),
    'jobs.exportOrders': async (as) =>
      await ask('POST', `/v1/drops/${await live()}/exports`, as, {}),
    'exports.read': async (as) => await ask('GET', `/v1/exports/${await file('exports', {})}`, as),
    'orders.payments': async (as) =>
      await ask('GET', `/v1/orders/${(await order()).orderId}/payments`, as),
    'details.get': async (as) => {
      const { orderId, buyer } = await order();
      const path = `/v1/orders/${orderId}/details`;
      const address = { lines: ['1 Street'], city: 'Ghent', postalCode: '9000', country: 'BE' };
      succeeded(await server.call('PUT', path, { as: buyer, body: { name: 'Bo', ...address } }));
      return await ask('GET', path, as);
    },
    'orders.refund': async (as) =>
      await ask('POST', `/v1/orders/${(await order()).orderId}/refund`, as),
    'jobs.refundOrders': async (as) =>
      await ask('POST', `/v1/drops/${await live()}/refunds`, as, { all: true }),
    'jobs.get': async (as) => await ask('GET', `/v1/jobs/${await refundJob()}`, as),
    'jobs.cancel': async (as) => await ask('POST', `/v1/jobs/${await refundJob()}/cancel`, as),
    'audit.read': (as) => ask('GET', `/v1/audit?creator_id=${team.id}`, as),
    'changes.read': (as) => ask('GET', `/v1/changes?creator_id=${team.id}`, as),
    'webhooks.create': (as) => ask('POST', '/v1/webhooks', as, webhookOf(team.id)),
    'webhooks.read': async (as) => await ask('GET', `/v1/webhooks/${await webhook()}`, as),
    'webhooks.change': async (as) =>
      await ask('PATCH', `/v1/webhooks/${await webhook()}`, as, { description: 'Desk' }),
    'metrics.read': null,
    'shops.exchangeToken': null,
    'shops.putContact': null,
    'shops.contact': null,
    'shops.contacts': null,
    'shops.eraseContact': null,
    'bans.put': (as) => ask('PUT', `/v1/creators/${team.id}/bans/${server.fresh('bot')}`, as, {}),
    'bans.lift': async (as) => {
      const path = `/v1/creators/${team.id}/bans/${server.fresh('bot')}`;
      succeeded(await server.call('PUT', path, { as: team.founder.id, body: {} }));
      return await ask('DELETE', path, as);
    },
    'bans.list': (as) => ask('GET', `/v1/creators/${team.id}/bans`, as),
    'organisations.get': (as) => ask('GET', team.path, as),
    'organisations.members': (as) => ask('GET', `${team.path}/members`, as),
    'organisations.setRole': async (as) => {
      const { id } = await team.join('support');
      return await ask('PUT', `${team.path}/members/${id}`, as, { role: 'manager' });
    },
    'organisations.removeMember': async (as) => {
      const { id } = await team.join('support');
      return await ask('DELETE', `${team.path}/members/${id}`, as);
    },
    // Another one, so that the others have theirs.
    'organisations.remove': null,
    'invitations.send': (as) => {
      const email = `${server.fresh('guest')}@example.com`;
      return ask('POST', `${team.path}/invitations`, as, { email, role: 'support' });
    },
    'invitations.sent': (as) => ask('GET', `${team.path}/invitations`, as),
    'invitations.withdraw': async (as) =>
      await ask('DELETE', `${team.path}/invitations/${await invitation()}`, as),
    'keys.create': (as) => {
      const body = { name: 'Desk', scopes: ['orders:read'] };
      return ask('POST', `${team.path}/api-keys`, as, body);
    },
    'keys.list': (as) => ask('GET', `${team.path}/api-keys`, as),
    'keys.revoke': async (as) => await ask('DELETE', `${team.path}/api-keys/${await apiKey()}`, as),
    'keys.revokeAll': (as) => ask('DELETE', `${team.path}/api-keys`, as),
  };

  const isDone = (status: number): boolean => status >= 200 && status < 300;
  const isRefused = (status: number): boolean => status === 403 || status === 404;

  for (const action of Object.keys(CREATOR_ACTIONS) as CreatorAction[]) {
    const run = DO[action];
    if (run === null || (profile === 'cluster' && !OF_CLUSTER.has(action))) continue;
    test.serial(`A10: ${action} is for ${ruleOf(action).role} and above`, async (t) => {
      for (const role of MEMBER_ROLES) {
        const status = await run(members.get(role)!);
        const isAllowed = roleAllows(role, action);
        t.true(isAllowed ? isDone(status) : isRefused(status), `${role}: ${status}`);
      }
      const status = await run(stranger);
      t.true(isRefused(status), `a stranger: ${status}`);
    });
  }

  test.serial('A10: an organisation is ended by an owner only', async (t) => {
    const other = await Team.found(server, mail);
    for (const role of ['support', 'manager'] as const) {
      const { id } = await other.join(role);
      t.is(await ask('DELETE', other.path, id), 403, role);
    }
    t.is(await ask('DELETE', other.path, stranger), 404);
    const owner = await other.join('owner');
    t.is(await ask('DELETE', other.path, owner.id), 202);
    t.is(await ask('GET', other.path, owner.id), 404);
    t.is(await ask('POST', `/v1/creators/${other.id}/products`, stranger, { name: 'x' }), 403);
  });

  test.serial('A10: what only API keys do is refused to members', async (t) => {
    for (const role of MEMBER_ROLES) {
      const as = members.get(role)!;
      t.is(await ask('GET', '/v1/shop/contacts', as), 403, role);
    }
  });
});
