import { Type } from 'typebox';
import { exampleAnswers, exampleProblem } from './example-answers.ts';
import { type Example, examples } from './examples.ts';
import { accessOf, type Operation } from './operation.ts';

type Json = Record<string, unknown>;

interface Described extends Json {
  parameters?: (Json & { readonly name: string; readonly in: string })[];
  requestBody?: { readonly content: Record<string, Json> };
  responses: Record<string, Json & { content?: Record<string, Json> }>;
}

interface Document extends Json {
  readonly paths: Record<string, Record<string, Described>>;
  readonly components?: Json;
}

const problemSchema = Type.Object({
  type: Type.String({ description: 'urn:lockstep:error: and the code.' }),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.String({ description: 'Of docs/ERRORS.md; `server_error` for a database server.' }),
  message: Type.String(),
  remedy: Type.String({ description: 'What can be done about it.' }),
  errno: Type.Optional(Type.Integer()),
  sqlState: Type.Optional(Type.String()),
  position: Type.Optional(Type.Integer({ description: 'Where in the SQL, from 0.' })),
  field: Type.Optional(Type.String({ description: 'Of the body: what is to be corrected.' })),
  retryAfterMs: Type.Optional(Type.Integer()),
});

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Of a write: the same key has the outcome of the first time, for a day, also after a failure.',
  schema: { type: 'string', maxLength: 255 },
} as const;

const linesType = 'application/x-ndjson';
const otherTypes: Readonly<Record<string, string>> = {
  getMetrics: 'text/plain',
  streamEvents: 'text/event-stream',
  streamHistory: 'text/event-stream',
};

/** The document as it is generated, with examples, errors, and who may do what. */
export function completeDocument(generated: unknown, served: readonly Operation[]): Document {
  const document = structuredClone(generated) as Document;
  for (const operation of served) {
    const described = document.paths[operation.path]?.[operation.method.toLowerCase()];
    if (described) complete(described, operation);
  }
  return {
    ...document,
    components: {
      ...document.components,
      schemas: { Problem: problemSchema },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'One of `http.tokens`.' },
        login: { type: 'apiKey', in: 'cookie', name: 'lockstep-8000', description: 'POST /login' },
      },
    },
  };
}

function complete(described: Described, operation: Operation): void {
  const example = examples[operation.name];
  if (example) addExample(described, example);
  const level = accessOf(operation);
  described['x-access'] = level;
  described['security'] = level === 'open' ? [] : [{ token: [] }, { login: [] }];
  const answers = exampleAnswers[operation.name] ?? {};
  const otherType = otherTypes[operation.name];
  for (const [status, response] of Object.entries(described.responses)) {
    const [content] = Object.values(response.content ?? {});
    if (!content || status === '204') continue;
    content['example'] = answers[Number(status)];
    if (otherType !== undefined) response.content = { [otherType]: content };
  }
  if (operation.name === 'query') {
    described.parameters = [...(described.parameters ?? []), idempotencyKey];
  }
  if (operation.name === 'query' || operation.name === 'queryNode') {
    const rows = described.responses['200']?.content;
    const schema = { type: 'string', description: lineText };
    if (rows) rows[linesType] = { schema, example: answers.lines };
  }
  described.responses['default'] = {
    description: 'A problem (RFC 9457)',
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        example: exampleProblem,
      },
    },
  };
}

const lineText =
  'With `Accept: application/x-ndjson`: {kind: columns, columns, node}, then {kind: rows, rows} ' +
  '… and {kind: end, rowCount, truncated, durationMs} or {kind: problem, …}; a write is one line.';

function addExample(described: Described, { params, query, body }: Example): void {
  const values: Record<string, unknown> = { ...params, ...query };
  for (const parameter of described.parameters ?? []) {
    const value = values[parameter.name];
    if (value !== undefined) parameter['example'] = value;
  }
  for (const content of Object.values(described.requestBody?.content ?? {})) {
    content['example'] = body;
  }
}
