// Starts GraphiQL on the playground's page. Nothing of it is kept when the page is left: its
// history has the headers of requests, so also tokens.

const TABS = [
  {
    query: `# What sells now.
# The next tabs buy and watch.
query LiveDrops {
  drops(status: LIVE, first: 10) {
    nodes {
      restId
      free
      unitAmount {
        decimal
        currency
      }
      product {
        name
      }
    }
  }
}
`,
  },
  {
    query: `# Variables: the restId of a drop.
# Headers: an access token.
mutation Buy($input: PlaceOrderInput!) {
  placeOrder(input: $input) {
    __typename
    ... on PlaceOrderPayload {
      replayed
      order {
        restId
        status
      }
    }
    ... on Refused {
      code
      detail
    }
  }
}
`,
    variables: JSON.stringify(
      { input: { dropId: '', quantity: 1, idempotencyKey: 'my-first-order' } },
      null,
      2,
    ),
  },
  {
    query: `# Variables: the restId of a drop.
subscription Watch($id: ID!) {
  dropChanged(id: $id) {
    type
    drop {
      version
      status
      free
    }
  }
}
`,
    variables: JSON.stringify({ id: '' }, null, 2),
  },
];
const HEADERS = JSON.stringify({ authorization: 'Bearer ' }, null, 2);
const url = '/v1/graphql';

/** As long as the page lives. */
function memory() {
  const values = new Map();
  return {
    getItem: (name) => values.get(name) ?? null,
    setItem: (name, value) => values.set(name, value),
    removeItem: (name) => values.delete(name),
    clear: () => values.clear(),
    get length() {
      return values.size;
    },
  };
}

/** Without headers that were not filled in. */
function filledIn(headers = {}) {
  return Object.fromEntries(
    Object.entries(headers).filter(([, value]) => value !== '' && value.trim() !== 'Bearer'),
  );
}

function fetcher(parameters, options) {
  const headers = filledIn(options?.headers);
  const socketUrl = new URL(url, location.href);
  socketUrl.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  // Of this operation alone, since the headers may differ; it connects where one is a subscription.
  const wsClient = window.graphqlWs.createClient({
    url: socketUrl.href,
    connectionParams: headers,
    retryAttempts: 0,
  });
  const run = window.GraphiQL.createFetcher({ url, wsClient, enableIncrementalDelivery: false });
  return run(parameters, { ...options, headers });
}

const place = document.querySelector('#graphiql');
window.ReactDOM.createRoot(place).render(
  window.React.createElement(window.GraphiQL, {
    fetcher,
    storage: memory(),
    defaultTabs: TABS.map((tab) => ({ headers: HEADERS, ...tab })),
    defaultHeaders: HEADERS,
    defaultEditorToolsVisibility: 'headers',
    shouldPersistHeaders: false,
    showPersistHeadersSettings: false,
    // Null: it does not ask for a schema that the server would refuse.
    schema: 'withoutSchema' in place.dataset ? null : undefined,
  }),
);
