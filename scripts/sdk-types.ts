// Writes the types of the client in `sdk/` from OpenAPI and from the definitions of the live
// stream, so that the client has no import outside itself and no shape stands twice by hand.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { CLIENT_MESSAGES, SERVER_FRAMES } from '../contracts/live.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

interface Operation {
  readonly summary: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: 'path' | 'query' | 'header';
    readonly required: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const HEAD = `// Written by \`npm run sdk\` from the server's definitions: what the API takes and
// answers with, and the messages of the live stream. Not to be changed by hand.

/* oxlint-disable */
`;
const JSON_TYPE = 'application/json';
const LINES_TYPE = 'application/x-ndjson';
const KEY_HEADER = 'Idempotency-Key';
const NAME = /^[A-Za-z_$][\w$]*$/;
/** Lines of JSDoc, with their indent, are within 100 columns. */
const COLUMNS_MAX = 100;

const BIOME = join(import.meta.dirname, '..', 'node_modules', '.bin', 'biome');

/** The text of `sdk/api.ts`, in the form that the project's formatter gives it. */
export function sdkTypes(api: OpenApi): string {
  const arguments_ = ['format', '--stdin-file-path=sdk/api.ts'];
  const input = typesText(api);
  const { status, stdout, stderr } = spawnSync(BIOME, arguments_, { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the types cannot be formatted: ${stderr}`);
  return stdout;
}

function typesText({ paths, components }: OpenApi): string {
  const names = new Map<string, Schema>(Object.entries(components.schemas));
  const frames = Object.entries(SERVER_FRAMES as Readonly<Record<string, Schema>>);
  for (const [name, schema] of frames) names.set(frameName(name), schema);
  const messages = Object.entries(CLIENT_MESSAGES as Readonly<Record<string, Schema>>);
  for (const [name, schema] of messages) names.set(`${capital(name)}Message`, schema);
  let text = HEAD;
  for (const [name, schema] of names)
    text += `\n${comment(schema, '')}${declaration(name, schema)}`;
  const frameNames = frames.map(([name]) => frameName(name));
  text += `\nexport type ServerFrame =\n${alternatives(frameNames)};\n`;
  const messageNames = messages.map(([name]) => `${capital(name)}Message`);
  text += `\nexport type ClientMessage =\n${alternatives(messageNames)};\n`;
  text += '\n/** Each operation by its method and path. */\nexport interface Operations {\n';
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods))
      text += operationText(`${method.toUpperCase()} ${path}`, operation);
  }
  return `${text}}\n`;
}

function frameName(name: string): string {
  return `${capital(name)}Frame`;
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function alternatives(names: readonly string[]): string {
  return names.map((name) => `  | ${name}`).join('\n');
}

function declaration(name: string, schema: Schema): string {
  if (schema.properties === undefined) return `export type ${name} = ${typeOf(schema, '')};\n`;
  return `export interface ${name} ${typeOf(schema, '')}\n`;
}

function comment({ description }: Schema, indent: string): string {
  if (description === undefined) return '';
  const lines: string[] = [];
  let line = '';
  const widthMax = COLUMNS_MAX - indent.length - '/**  */'.length;
  for (const word of description.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > widthMax) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  if (lines.length === 1) return `${indent}/** ${line} */\n`;
  return `${indent}/**\n${lines.map((one) => `${indent} * ${one}\n`).join('')}${indent} */\n`;
}

/** `indent`: of the line on which the type begins. */
function typeOf(schema: Schema, indent: string): string {
  const { $ref, anyOf, items, properties, patternProperties, type } = schema;
  if ($ref !== undefined) return $ref.split('/').at(-1)!;
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.enum !== undefined) return unique(schema.enum.map(literal));
  if (anyOf !== undefined) return unique(anyOf.map((one) => typeOf(one, indent)));
  if (Array.isArray(type)) return unique(type.map((one: string) => typeOf({ type: one }, indent)));
  if (items !== undefined) return `ReadonlyArray<${typeOf(items, indent)}>`;
  if (properties !== undefined) return objectType(schema, indent);
  if (patternProperties !== undefined) {
    const values = Object.values(patternProperties).map((one) => typeOf(one, indent));
    return `Readonly<Record<string, ${unique(values)}>>`;
  }
  if (type === 'integer' || type === 'number') return 'number';
  if (type === 'string' || type === 'boolean' || type === 'null') return type;
  return type === 'object' ? 'Readonly<Record<string, unknown>>' : 'unknown';
}

function objectType({ properties = {}, required = [] }: Schema, indent: string): string {
  const inner = `${indent}  `;
  let text = '{\n';
  for (const [name, part] of Object.entries(properties)) {
    const optional = required.includes(name) ? '' : '?';
    text += comment(part, inner);
    text += `${inner}readonly ${quoted(name)}${optional}: ${typeOf(part, inner)};\n`;
  }
  return `${text}${indent}}`;
}

function quoted(name: string): string {
  return NAME.test(name) ? name : literal(name);
}

function literal(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function unique(types: readonly string[]): string {
  return [...new Set(types)].join(' | ');
}

function operationText(name: string, operation: Operation): string {
  const { summary, parameters = [], requestBody, responses } = operation;
  const isKeyed = parameters.some((one) => one.name === KEY_HEADER);
  let text = comment({ description: summary }, '  ');
  text += `  ${literal(name)}: {\n`;
  for (const [place, property] of [
    ['path', 'path'],
    ['query', 'query'],
    ['header', 'headers'],
  ] as const) {
    const found = parameters.filter((one) => one.in === place && one.name !== KEY_HEADER);
    if (found.length === 0) continue;
    const required = found.filter((one) => one.required).map((one) => one.name);
    const properties = Object.fromEntries(found.map((one) => [one.name, one.schema]));
    const optional = required.length === 0 ? '?' : '';
    const type = objectType({ properties, required }, '    ');
    text += `    readonly ${property}${optional}: ${type};\n`;
  }
  const body = requestBody?.content[JSON_TYPE]?.schema;
  if (body !== undefined) {
    const optional = requestBody!.required ? '' : '?';
    text += `    readonly body${optional}: ${typeOf(body, '    ')};\n`;
  }
  if (isKeyed) text += '    readonly keyed: true;\n';
  const [success] = Object.entries(responses)
    .filter(([status]) => /^[12]/.test(status))
    .slice(-1);
  const content = success?.[1].content ?? {};
  const json = content[JSON_TYPE]?.schema;
  const lines = content[LINES_TYPE]?.schema;
  const other = Object.keys(content).length === 0 ? 'undefined' : 'string';
  text += `    readonly reply: ${json === undefined ? other : typeOf(json, '    ')};\n`;
  if (lines !== undefined) text += `    readonly line: ${typeOf(lines, '    ')};\n`;
  return `${text}  };\n`;
}
