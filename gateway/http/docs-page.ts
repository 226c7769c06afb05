// The page at /docs: one self-contained document that reads /openapi.json and shows it. It loads no
// foreign script or style, and its content policy allows exactly the two inline blocks below.

import { createHash } from 'node:crypto';

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
:root { --accent: light-dark(#0a7d55, #4cc38a); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
h1 { margin: 0; } h2 { margin: 2rem 0 .5rem; text-transform: capitalize; }
code, pre { font: 13px/1.5 ui-monospace, monospace; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; }
summary { cursor: pointer; padding: .5rem .75rem; }
summary span { opacity: .75; margin-left: .75rem; }
.method { display: inline-block; min-width: 4.8rem; font-weight: 700; color: var(--accent); }
.inside { padding: 0 .75rem .75rem; }
pre { background: var(--soft); padding: .6rem; border-radius: 6px; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .25rem .6rem .25rem 0; vertical-align: top; }
input { font: inherit; width: 100%; padding: .4rem .6rem; margin-top: 1rem;
  box-sizing: border-box; }
`;

const SCRIPT = `
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
const row = (...cells) => make('tr', {}, ...cells.map((cell) => make('td', {}, cell)));
const code = (text) => make('code', { textContent: text });
const resolve = (schema, all) => (schema.$ref ? all[schema.$ref.split('/').pop()] : schema);

/** A schema as an outline in the manner of TypeScript. */
function outline(schema, all, indent = '') {
  schema = resolve(schema, all);
  const more = indent + '  ';
  if (schema.anyOf) return schema.anyOf.map((one) => outline(one, all, indent)).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === 'array') return outline(schema.items, all, indent) + '[]';
  if (schema.type === 'object' && schema.properties) {
    const required = schema.required ?? [];
    const fields = Object.entries(schema.properties).map(([name, field]) =>
      more + name + (required.includes(name) ? '' : '?') + ': ' +
      outline(field, all, more) + bounds(field));
    return '{\\n' + fields.join('\\n') + '\\n' + indent + '}';
  }
  return schema.type ?? 'any';
}
const BOUNDS = ['format', 'minimum', 'maximum', 'minLength', 'maxLength', 'maxItems', 'default',
  'description'];
function bounds(schema) {
  const shown = BOUNDS.filter((name) => schema[name] !== undefined)
    .map((name) => name + ' ' + schema[name]);
  return shown.length === 0 ? '' : '   // ' + shown.join(', ');
}

function operationView(path, method, operation, { schemas: all, responses: shared }) {
  const inside = make('div', { className: 'inside' });
  const needsToken = operation.security.length > 0
    && operation.security.every((one) => Object.keys(one).length > 0);
  if (needsToken) inside.append(make('p', { textContent: 'Needs an access token.' }));
  if (operation.parameters) {
    const rows = operation.parameters.map((one) =>
      row(code(one.name), one.in + (one.required ? ', required' : ''),
        outline(one.schema, all) + bounds(one.schema)));
    inside.append(make('h4', { textContent: 'Parameters' }), make('table', {}, ...rows));
  }
  const body = operation.requestBody && Object.values(operation.requestBody.content)[0].schema;
  if (body) {
    inside.append(make('h4', { textContent: 'Body' }),
      make('pre', { textContent: outline(body, all) }));
  }
  inside.append(make('h4', { textContent: 'Answers' }));
  const problems = make('table');
  for (const [status, given] of Object.entries(operation.responses)) {
    const answer = given.$ref ? shared[given.$ref.split('/').at(-1)] : given;
    const [type, content] = Object.entries(answer.content ?? {})[0] ?? [];
    const description = answer.description.replaceAll('\`', '');
    problems.append(row(make('b', { textContent: status }), description, code(type ?? '')));
    if (content?.schema && !type.includes('problem')) {
      inside.append(make('pre', { textContent: outline(content.schema, all) }));
    }
  }
  inside.append(problems);
  const line = make('summary', {},
    make('b', { className: 'method', textContent: method.toUpperCase() }), code(path),
    make('span', { textContent: operation.summary }));
  const view = make('details', { id: operation.operationId }, line, inside);
  view.dataset.text = (method + ' ' + path + ' ' + operation.summary).toLowerCase();
  return view;
}

const main = document.querySelector('main');
try {
  const api = await (await fetch('/openapi.json')).json();
  const all = api.components.schemas;
  document.querySelector('#about').textContent = api.info.description;
  document.querySelector('#version').textContent = api.info.version;
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags[0];
      if (!groups.has(tag)) groups.set(tag, make('section', {}, make('h2', { textContent: tag })));
      groups.get(tag).append(operationView(path, method, operation, api.components));
    }
  }
  const codes = all.Problem.properties.code.enum
    .map((name) => make('li', { id: name }, code(name)));
  main.replaceChildren(...groups.values(),
    make('section', {}, make('h2', { textContent: 'Problem codes' }), make('ul', {}, ...codes)));
  document.querySelector('input').addEventListener('input', (event) => {
    const filter = event.target.value.toLowerCase();
    for (const view of document.querySelectorAll('details')) {
      view.hidden = !view.dataset.text.includes(filter);
    }
  });
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
} catch (error) {
  main.textContent = 'The description could not be loaded: ' + error.message;
}
`;

function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

export const DOCS_CONTENT_POLICY = [
  "default-src 'none'",
  `style-src ${hash(STYLE)}`,
  `script-src ${hash(SCRIPT)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const DOCS_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>LiveDrops API</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>LiveDrops API <small id="version"></small></h1>
<p id="about"></p>
<p><a href="/openapi.json">openapi.json</a> · <a href="/asyncapi.json">asyncapi.json</a>
(live stream and changes)</p>
<input type="search" placeholder="Filter" aria-label="Filter operations">
</header>
<main>Loading …</main>
<script type="module">${SCRIPT}</script>
</body>
</html>
`;
