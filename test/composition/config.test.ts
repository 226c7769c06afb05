import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { describeConfig, loadConfig } from '../../composition/config.ts';
import { ConfigError } from '../../composition/process-environment.ts';

function temporaryDirectory(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-config-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  return directory;
}

function problemsOf(t: ExecutionContext, environment: Record<string, string>): readonly string[] {
  const error = t.throws(() => describeConfig(environment), { instanceOf: ConfigError });
  return error?.problems ?? [];
}

test('an empty environment gives the documented defaults, frozen', (t) => {
  const data = join(temporaryDirectory(t), 'data');
  const config = loadConfig({ LIVEDROPS_DATA: data });
  t.like(config, {
    port: 8080,
    host: '127.0.0.1',
    dataDirectory: data,
    natsUrl: null,
    natsCaFile: null,
    nodeWeight: 1,
    archive: {
      folder: join(data, 'archive'),
      create: true,
      intervalSeconds: 60,
      journalEntriesMin: 1024,
      retentionDays: null,
    },
    media: {
      blobs: { kind: 'folder', folder: join(data, 'blobs'), create: true },
      port: 8081,
      isPortSet: false,
    },
    mediaUrl: null,
    redisReplicas: 0,
    redisAcceptWeak: false,
    paymentWebhookUrl: null,
    paymentProvider: 'development',
    paymentSettleAfterMs: null,
    paymentSettleAs: 'success',
    rateLimits: true,
    trustProxy: false,
    corsOrigins: [],
    outboundAllow: [],
    introspection: true,
    logLevel: 'info',
  });
  t.is(config.store.kind, 'sqlite');
  t.deepEqual(config.roles, ['gateway', 'actors', 'services', 'search', 'media']);
  t.true(Object.isFrozen(config));
});

test('X4: operators have an address of their own where a port is set', (t) => {
  const addressWith = (environment: Record<string, string>) =>
    loadConfig({ LIVEDROPS_DATA: temporaryDirectory(t), ...environment }).operatorAddress;
  t.is(addressWith({}), null);
  t.deepEqual(addressWith({ LIVEDROPS_ADMIN_PORT: '9464' }), { host: '127.0.0.1', port: 9464 });
  t.deepEqual(addressWith({ LIVEDROPS_ADMIN_PORT: '0', LIVEDROPS_ADMIN_HOST: '10.0.0.5' }), {
    host: '10.0.0.5',
    port: 0,
  });
});

test('M2: blobs are in a folder, in a bucket, or nowhere', (t) => {
  const data = temporaryDirectory(t);
  const media = (environment: Record<string, string>) =>
    loadConfig({ LIVEDROPS_DATA: data, ...environment }).media;
  t.like(media({ LIVEDROPS_BLOBS: 'file:/blobs', LIVEDROPS_PORT: '0' }), {
    blobs: { kind: 'folder', folder: '/blobs', create: false },
    port: 0,
  });
  t.is(media({ LIVEDROPS_BLOBS: 'off' }), null);
  const bucket = { kind: 's3', bucket: 'shop-media', endpoint: null, region: 'us-east-1' };
  t.deepEqual(media({ LIVEDROPS_BLOBS: 's3://shop-media' })!.blobs as object, {
    ...bucket,
    credentials: null,
  });
  const account = { LIVEDROPS_BLOBS_KEY_ID: 'id', LIVEDROPS_BLOBS_SECRET: 'secret' };
  const text = 's3://shop-media?endpoint=http://127.0.0.1:9000&region=eu-1';
  t.deepEqual(media({ LIVEDROPS_BLOBS: text, ...account })!.blobs as object, {
    ...bucket,
    endpoint: 'http://127.0.0.1:9000',
    region: 'eu-1',
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
  });
  for (const wrong of ['s3://', 's3://a?x=1', 's3://shop?endpoint=ftp://x', '/path', 'file:'])
    t.throws(() => media({ LIVEDROPS_BLOBS: wrong }), { message: /LIVEDROPS_BLOBS/ }, wrong);
  t.throws(() => media({ LIVEDROPS_BLOBS_KEY_ID: 'id' }), { message: /go together/ });
});

test('R1: networks that may be sent to are in CIDR notation', (t) => {
  const data = temporaryDirectory(t);
  const allow = (text: string) =>
    loadConfig({ LIVEDROPS_DATA: data, LIVEDROPS_OUTBOUND_ALLOW: text }).outboundAllow;
  t.deepEqual(allow('127.0.0.0/8, fd00::1/128'), ['127.0.0.0/8', 'fd00::1/128']);
  for (const wrong of ['127.0.0.1', '10.0.0.0/33', 'shop.internal', '::1/129'])
    t.throws(() => allow(wrong), { message: /LIVEDROPS_OUTBOUND_ALLOW/ }, wrong);
});

test('H1a: currencies that the provider counts otherwise are by their code', (t) => {
  const data = temporaryDirectory(t);
  const digits = (environment: Record<string, string>) =>
    loadConfig({ LIVEDROPS_DATA: data, ...environment }).paymentDigits;
  t.deepEqual([...digits({})], []);
  t.deepEqual(
    [...digits({ LIVEDROPS_PAYMENT_DIGITS: 'ISK=2  KWD=2' })],
    [
      ['ISK', 2],
      ['KWD', 2],
    ],
  );
});

test('unset secrets are generated once and stored for their owner only', (t) => {
  const data = temporaryDirectory(t);
  const first = loadConfig({ LIVEDROPS_DATA: data });
  const second = loadConfig({ LIVEDROPS_DATA: data });
  t.deepEqual(first.authSecrets, second.authSecrets);
  t.deepEqual(first.paymentSecrets, second.paymentSecrets);
  t.true(first.authSecrets[0]!.secret.length >= 32);
  t.regex(first.paymentSecrets[0] ?? '', /^whsec_[A-Za-z0-9+/]{43}=$/);
  for (const file of ['auth-secret', 'payment-secret']) {
    t.is(statSync(join(data, file)).mode & 0o777, 0o600, file);
  }
  t.is(readFileSync(join(data, 'auth-secret'), 'utf8').trim(), first.authSecrets[0]!.secret);
  t.is(first.authSecretFile, join(data, 'auth-secret'));
});

test('a secret from the environment is taken, and not kept', (t) => {
  const data = temporaryDirectory(t);
  const authSecret = 'x'.repeat(32);
  const payment = ['one', 'two'].map(
    (name) => `whsec_${Buffer.from(name.padEnd(24, '.')).toString('base64')}`,
  );
  const config = loadConfig({
    LIVEDROPS_DATA: data,
    LIVEDROPS_AUTH_SECRET: authSecret,
    LIVEDROPS_PAYMENT_SECRET: payment.join(' '),
  });
  t.like(config, { authSecrets: [{ secret: authSecret }], authSecretFile: null });
  t.deepEqual(config.paymentSecrets, payment);
  t.throws(() => statSync(join(data, 'auth-secret')), { code: 'ENOENT' });
  t.throws(() => statSync(join(data, 'payment-secret')), { code: 'ENOENT' });
});

const BAD_VALUES: [name: string, value: string, problem: RegExp][] = [
  ['PORT', '80a', /^LIVEDROPS_PORT is "80a": must be a port, 0 to 65535/],
  ['PORT', '65536', /must be a port/],
  ['PORT', '-1', /must be a port/],
  ['PORT', '1e3', /must be a port/],
  ['HOST', 'a b', /must be an address/],
  ['ADMIN_PORT', '65536', /must be a port, 0 to 65535/],
  ['ADMIN_HOST', '10.0.0.5', /goes with LIVEDROPS_ADMIN_PORT, which is unset/],
  ['STORE', 'redis://localhost', /go together: a cluster has a Redis store and NATS/],
  ['STORE', 'redis://', /must be sqlite:/],
  ['STORE', 'redis://a,b', /must be sqlite:/],
  ['STORE', 'redis://localhost/3', /must be sqlite:/],
  ['STORE', 'mysql://localhost', /must be sqlite:/],
  ['AUTH_SECRETS_VERIFY', 'too short', /must be secrets of at least 32 characters/],
  ['AUTH_ISSUER', 'http://id.example.com', /must be https:\/\/ addresses/],
  ['AUTH_ISSUER', 'https://a.example https://b.example', /but for one/],
  ['AUTH_ISSUER', 'a=https://a.example a=https://b.example', /but for one/],
  ['AUTH_ISSUER', 'https://a.example b=https://a.example', /must be https/],
  ['AUTH_ISSUER', 'https://user@a.example', /must be https/],
  ['AUTH_ISSUER', 'https://a.example?x=1', /must be https/],
  ['AUTH_ISSUER', 'partner', /must be https/],
  ['AUTH_JWKS', 'ftp://a.example', /must be https/],
  ['AUTH_ROLES', 'groups:staff', /must be CLAIM:VALUE=ROLE/],
  ['AUTH_ROLES', 'groups:staff=root', /where ROLE is creator or operator/],
  ['AUTH_ROLES', 'groups=creator', /must be CLAIM:VALUE=ROLE/],
  ['REDIS_REPLICAS', '6', /must be a number, 0 to 5/],
  ['REDIS_ACCEPT_WEAK', 'maybe', /must be on or off/],
  ['NATS', 'nats://localhost', /go together: a cluster has a Redis store and NATS/],
  ['NATS', 'http://localhost', /must be nats:\/\/host:port/],
  ['NATS', 'nats://one,tls://two', /must be nats:\/\/host:port or tls:\/\/host:port/],
  ['NODE_WEIGHT', '0', /must be a number above 0/],
  ['NODE_ID', 'a.b', /must be 1 to 64 letters/],
  ['ROLES', 'gateway,actor', /must list roles out of gateway,actors,services/],
  ['ROLES', 'gateway', /a node alone has all roles but search and media/],
  ['RATE_LIMITS', 'yes', /must be on or off/],
  ['TRUST_PROXY', '127.0.0.1', /must be on or off/],
  ['CORS_ORIGINS', 'shop.example', /must be origins such as https:/],
  ['CORS_ORIGINS', 'https://shop.example/', /must be origins such as https:/],
  ['CORS_ORIGINS', 'https://Shop.example', /must be origins such as https:/],
  ['CORS_ORIGINS', 'https://shop.example:443', /must be origins such as https:/],
  ['CORS_ORIGINS', '* https://shop.example', /must be origins such as https:/],
  ['CORS_ORIGINS', 'null', /must be origins such as https:/],
  ['LOG', 'verbose', /must be silent, error, warn, info or debug/],
  ['PAYMENT_PROVIDER', 'paypal', /must be development or stripe/],
  ['STRIPE_SECRET_KEY', 'pk_test_x', /must be a secret or restricted key of Stripe/],
  ['STRIPE_PUBLISHABLE_KEY', 'sk_test_x', /must be a publishable key of Stripe/],
  ['STRIPE_WEBHOOK_SECRET', 'whsec_a b', /must be one or more secrets of a webhook endpoint/],
  ['STRIPE_CALLS_PER_SECOND', '0', /must be a number, 1 to 10000/],
  ['STRIPE_API', 'http://api.stripe.com', /must be https:\/\/api.stripe.com, or a stand-in/],
  ['STRIPE_API', 'https://stripe.example.com', /must be https:\/\/api.stripe.com/],
  ['PAYMENT_SETTLE_AFTER_MS', '1.5', /must be milliseconds/],
  ['PAYMENT_WEBHOOK_URL', 'gateway:8080', /must be a URL/],
  ['PAYMENT_SETTLE_AS', 'maybe', /must be success, failure, .* or by-amount/],
  ['PAYMENT_DIGITS', 'ISK=2 ABC=2', /must be codes of ISO 4217 and digits/],
  ['PAYMENT_DIGITS', 'ISK', /such as ISK=2 KWD=2/],
  ['PAYMENT_REFUNDS_AS', 'maybe', /must be accepted, refused or silence/],
];
for (const [name, value, problem] of BAD_VALUES) {
  test(`a bad value stops the start with its name and what is right: ${name}=${value}`, (t) => {
    const problems = problemsOf(t, { [`LIVEDROPS_${name}`]: value });
    t.is(problems.length, 1);
    t.regex(problems[0] ?? '', problem);
  });
}

const STRIPE = {
  LIVEDROPS_PAYMENT_PROVIDER: 'stripe',
  LIVEDROPS_STRIPE_SECRET_KEY: 'sk_test_secret',
  LIVEDROPS_STRIPE_WEBHOOK_SECRET: 'whsec_one whsec_two',
};

test('R5: Stripe is the provider, with its key and the secrets of its endpoint', (t) => {
  const LIVEDROPS_DATA = temporaryDirectory(t);
  t.deepEqual(loadConfig({ ...STRIPE, LIVEDROPS_DATA }).stripe, {
    secretKey: 'sk_test_secret',
    publishableKey: null,
    webhookSecrets: ['whsec_one', 'whsec_two'],
    callsPerSecond: 25,
    api: 'https://api.stripe.com',
  });
  t.is(loadConfig({ LIVEDROPS_DATA }).stripe, null);
  const shown = JSON.stringify(describeConfig({ ...STRIPE, LIVEDROPS_DATA }));
  t.false(/sk_test_secret|whsec_one/.test(shown));
});

test('R5: Stripe without its secrets, or a live key for a stand-in, stops the start', (t) => {
  const { LIVEDROPS_PAYMENT_PROVIDER } = STRIPE;
  t.deepEqual(
    problemsOf(t, { LIVEDROPS_PAYMENT_PROVIDER }).map((problem) => problem.split(' ', 1)[0]),
    ['LIVEDROPS_STRIPE_SECRET_KEY', 'LIVEDROPS_STRIPE_WEBHOOK_SECRET'],
  );
  const [live] = problemsOf(t, {
    ...STRIPE,
    LIVEDROPS_STRIPE_SECRET_KEY: 'sk_live_secret',
    LIVEDROPS_STRIPE_API: 'http://127.0.0.1:12111',
  });
  t.regex(live ?? '', /LIVEDROPS_STRIPE_API is no place for a live key/);
  const mixed = problemsOf(t, { ...STRIPE, LIVEDROPS_STRIPE_PUBLISHABLE_KEY: 'pk_live_x' });
  t.regex(mixed[0] ?? '', /must both be test or live/);
});

const CLUSTER = {
  LIVEDROPS_NATS: 'nats://one:4222,nats://two:4222',
  LIVEDROPS_AUTH_SECRET: 'x'.repeat(32),
  LIVEDROPS_PAYMENT_SECRET: `whsec_${Buffer.alloc(24).toString('base64')}`,
};

test('a cluster has a Redis, one server or several, whose password is not shown', (t) => {
  const data = temporaryDirectory(t);
  const STORE = 'redis-cluster://ada:p%40ss@one:7001,two';
  const environment = { ...CLUSTER, LIVEDROPS_DATA: data, LIVEDROPS_STORE: STORE };
  const { store, natsUrl } = loadConfig(environment);
  t.is(natsUrl, CLUSTER.LIVEDROPS_NATS);
  t.like(store, { kind: 'redis', cluster: true, tls: false, username: 'ada', password: 'p@ss' });
  t.deepEqual(store.kind === 'redis' && store.nodes, [
    { host: 'one', port: 7001 },
    { host: 'two', port: 6379 },
  ]);
  const shown = describeConfig(environment).find(({ name }) => name === 'LIVEDROPS_STORE');
  t.is(shown?.value, 'redis-cluster://(hidden)@one:7001,two');
});

test('no setting shows the account of a server, right or wrong', (t) => {
  const LIVEDROPS_NATS = 'nats://ada:p@ss@one:4222,nats://bo:word@two:4222';
  const LIVEDROPS_STORE = 'redis://ada:p@ss@one';
  const shown = describeConfig({ ...CLUSTER, LIVEDROPS_NATS, LIVEDROPS_STORE });
  t.notRegex(JSON.stringify(shown), /p@ss|word@/);
  t.true(JSON.stringify(shown).includes('nats://(hidden)@one:4222,nats://(hidden)@two:4222'));
  const problems = problemsOf(t, {
    LIVEDROPS_STORE: 'redis://ada:p@ss@one/3',
    LIVEDROPS_NATS: 'http://ada:p@ss@one',
  });
  t.is(problems.length, 2);
  t.notRegex(problems.join(), /p@ss/);
});

test('nodes of a cluster need the same secrets, so none is made for them', (t) => {
  const { LIVEDROPS_NATS } = CLUSTER;
  const problems = problemsOf(t, { LIVEDROPS_NATS, LIVEDROPS_STORE: 'redis://localhost' });
  t.is(problems.length, 2);
  t.regex(problems.join(), /AUTH_SECRET must be set in a cluster.*PAYMENT_SECRET must be set/);
});

test('a node of a cluster may have some roles; actors alone need a webhook URL', (t) => {
  const environment = {
    ...CLUSTER,
    LIVEDROPS_STORE: 'redis://localhost',
    LIVEDROPS_ROLES: 'actors',
  };
  t.regex(problemsOf(t, environment).join(), /LIVEDROPS_PAYMENT_WEBHOOK_URL must be set/);
  const data = temporaryDirectory(t);
  const webhook = 'http://gateway:8080/v1/payments/webhook';
  const given = { LIVEDROPS_DATA: data, LIVEDROPS_PAYMENT_WEBHOOK_URL: webhook };
  t.deepEqual(loadConfig({ ...environment, ...given }).roles, ['actors']);
  const services = { ...environment, LIVEDROPS_ROLES: 'services' };
  t.deepEqual(loadConfig({ ...services, LIVEDROPS_DATA: data }).roles, ['services']);
});

test('a bad secret is reported without showing it', (t) => {
  const problems = problemsOf(t, {
    LIVEDROPS_AUTH_SECRET: 'too-short',
    LIVEDROPS_PAYMENT_SECRET: 'whsec_not*base64',
  });
  t.is(problems.length, 2);
  t.notRegex(problems.join(), /too-short|not\*base64/);
  t.regex(problems.join(), /LIVEDROPS_AUTH_SECRET must have at least 32 characters/);
});

test('a damaged stored secret is reported by its file, not shown, not replaced', (t) => {
  const data = temporaryDirectory(t);
  const [auth, payment] = [join(data, 'auth-secret'), join(data, 'payment-secret')];
  const advice = 'put it back, or remove it and a new one is made';
  for (const [authSecret, paymentSecret, problems] of [
    ['abc\n', '\n', ['must have at least 32 characters', 'is empty']],
    ['', 'whsec_not*base64', ['is empty', 'must be one or more secrets with spaces between, each']],
  ] as const) {
    writeFileSync(auth, authSecret);
    writeFileSync(payment, paymentSecret);
    const error = t.throws(() => loadConfig({ LIVEDROPS_DATA: data }), { instanceOf: ConfigError });
    const [first = '', second = ''] = error?.problems ?? [];
    t.true(first.startsWith(`${auth} ${problems[0]}`) && first.endsWith(advice), first);
    t.true(second.startsWith(`${payment} ${problems[1]}`) && second.endsWith(advice), second);
    t.notRegex(first + second, /abc|not\*base64/);
    t.is(readFileSync(auth, 'utf8'), authSecret);
  }
});

test('all problems are reported at once', (t) => {
  const problems = problemsOf(t, { LIVEDROPS_PORT: 'x', LIVEDROPS_LOG: 'x', LIVEDROPS_X: 'x' });
  t.is(problems.length, 3);
});

test('an unknown setting is an error that names the nearest one', (t) => {
  t.deepEqual(problemsOf(t, { LIVEDROPS_PROT: '80' }), [
    'LIVEDROPS_PROT is not a setting; did you mean LIVEDROPS_PORT?',
  ]);
  t.regex(problemsOf(t, { LIVEDROPS_BANANA_SPLIT: '1' })[0] ?? '', /is not a setting; see/);
});

test('variables of others are none of its business, and an empty one is an unset one', (t) => {
  const settings = describeConfig({ PORT: '1', LIVEDROPS_PORT: '' });
  t.like(
    settings.find((setting) => setting.name === 'LIVEDROPS_PORT'),
    {
      value: '8080',
      source: 'default',
    },
  );
});

test('every setting tells where it comes from, and no secret is shown', (t) => {
  const authSecret = 'abcdefghijklmnopqrstuvwxyz012345';
  const settings = describeConfig({ LIVEDROPS_PORT: '1', LIVEDROPS_AUTH_SECRET: authSecret });
  const source = Object.fromEntries(settings.map((setting) => [setting.name, setting.source]));
  t.like(source, {
    LIVEDROPS_PORT: 'environment',
    LIVEDROPS_HOST: 'default',
    LIVEDROPS_AUTH_SECRET: 'environment',
    LIVEDROPS_PAYMENT_SECRET: 'made at first start',
    LIVEDROPS_DETAILS_SECRET: 'made at first start',
    LIVEDROPS_PASS_SECRET: 'made at first start',
  });
  t.false(JSON.stringify(settings).includes(authSecret));
});

test('where traces are sent is not shown, since its URL may hold a key', (t) => {
  const url = 'https://ann:canary1@collector.example/v1/traces?key=canary2';
  t.notRegex(JSON.stringify(describeConfig({ LIVEDROPS_TRACES: url })), /canary/);
  t.notRegex(problemsOf(t, { LIVEDROPS_TRACES: `collector ${url}` }).join(), /canary/);
});

test('settings without a value are shown as unset, and so are secrets that are not made', (t) => {
  const inCluster = { LIVEDROPS_STORE: 'redis://127.0.0.1', LIVEDROPS_NATS: 'nats://127.0.0.1' };
  const secrets = {
    LIVEDROPS_AUTH_SECRET: 'abcdefghijklmnopqrstuvwxyz012345',
    LIVEDROPS_PAYMENT_SECRET: 'whsec_MDEyMzQ1Njc4OWFiY2RlZg==',
  };
  const settings = describeConfig({ ...inCluster, ...secrets });
  const value = Object.fromEntries(settings.map((setting) => [setting.name, setting.value]));
  t.like(value, {
    LIVEDROPS_DETAILS_SECRET: '(unset)',
    LIVEDROPS_PASS_SECRET: '(unset)',
    LIVEDROPS_AUTH_ISSUER: '(unset)',
  });
  t.false(settings.some((setting) => setting.value === ''));
});

test('A4: issuers are read with their audiences, keys and roles', (t) => {
  const { issuers } = loadConfig({
    LIVEDROPS_DATA: temporaryDirectory(t),
    LIVEDROPS_AUTH_ISSUER: 'https://id.example.com/ partner=https://login.partner.example',
    LIVEDROPS_AUTH_AUDIENCE: 'livedrops partner=shop',
    LIVEDROPS_AUTH_JWKS: 'partner=https://login.partner.example/keys',
    LIVEDROPS_AUTH_ROLES:
      'https://example.com/groups:staff=operator partner,realm_access.roles:vip=creator',
  });
  t.deepEqual(issuers, [
    {
      name: '',
      issuer: 'https://id.example.com/',
      audience: 'livedrops',
      jwksUrl: null,
      roles: [
        { issuer: '', claim: 'https://example.com/groups', value: 'staff', role: 'operator' },
      ],
    },
    {
      name: 'partner',
      issuer: 'https://login.partner.example',
      audience: 'shop',
      jwksUrl: 'https://login.partner.example/keys',
      roles: [{ issuer: 'partner', claim: 'realm_access.roles', value: 'vip', role: 'creator' }],
    },
  ]);
});

test('A4: an issuer needs an audience, and what is about none is refused', (t) => {
  const issuer = { LIVEDROPS_AUTH_ISSUER: 'partner=https://login.partner.example' };
  t.deepEqual(problemsOf(t, issuer), [
    'LIVEDROPS_AUTH_AUDIENCE must be set for the issuer partner: what its tokens say in aud',
  ]);
  const audience = { ...issuer, LIVEDROPS_AUTH_AUDIENCE: 'livedrops' };
  t.deepEqual(problemsOf(t, { ...audience, LIVEDROPS_AUTH_JWKS: 'https://keys.example' }), [
    'LIVEDROPS_AUTH_JWKS is about a main issuer, which LIVEDROPS_AUTH_ISSUER does not have',
  ]);
  t.deepEqual(problemsOf(t, { ...audience, LIVEDROPS_AUTH_ROLES: 'other,groups:a=creator' }), [
    'LIVEDROPS_AUTH_ROLES is about an issuer other, which LIVEDROPS_AUTH_ISSUER does not have',
  ]);
});

test('A4a: the file of secrets is instead of the variables, and must be there', (t) => {
  const file = join(temporaryDirectory(t), 'secrets');
  const given = { LIVEDROPS_AUTH_SECRET_FILE: file };
  t.deepEqual(problemsOf(t, { ...given, LIVEDROPS_AUTH_SECRET: 'x'.repeat(32) }), [
    'LIVEDROPS_AUTH_SECRET_FILE is instead of LIVEDROPS_AUTH_SECRET: set one of them',
  ]);
  const missing = t.throws(() => loadConfig({ LIVEDROPS_DATA: temporaryDirectory(t), ...given }));
  t.is(missing?.message, `${file} is not there`);
  writeFileSync(file, `${'1'.repeat(32)}\n${'2'.repeat(32)} until 2027-01-01T00:00:00Z\n`);
  const { authSecrets } = loadConfig({ LIVEDROPS_DATA: temporaryDirectory(t), ...given });
  t.deepEqual(
    authSecrets.map(({ secret }) => secret[0]),
    ['1', '2'],
  );
});

test('H5a: a start with a file of limits that is missing or wrong says what is wrong', (t) => {
  const LIVEDROPS_DATA = temporaryDirectory(t);
  const file = join(LIVEDROPS_DATA, 'limits.json');
  const given = { LIVEDROPS_DATA, LIVEDROPS_LIMITS_FILE: file };
  const problem = () => t.throws(() => loadConfig(given), { code: 'config' })?.message ?? '';
  t.regex(problem(), /^LIVEDROPS_LIMITS_FILE: .*limits\.json cannot be read: ENOENT/);
  writeFileSync(file, '{"rates":{"orders":{"user":0}}}');
  t.regex(problem(), /limits\.json is wrong: rates\.orders\.user: must be >= 1\.$/);
  writeFileSync(file, '{"rates":{"orders":{"user":5}}}');
  t.like(loadConfig(given), { limitsFile: file, limits: { rates: { orders: { user: 5 } } } });
  t.like(loadConfig({ LIVEDROPS_DATA }), { limitsFile: null, limits: {} });
});
