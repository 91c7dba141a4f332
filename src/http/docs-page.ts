import { type Example, examples } from './examples.ts';
import { accessOf, type AccessLevel, type Operation } from './operation.ts';

const levels: Readonly<Record<AccessLevel, string>> = {
  open: 'everybody',
  read: 'every account',
  operate: 'administrators',
  sql: 'every account, with the rights of a database user',
};

/** The page at /docs: every operation with what it takes and an example to copy. */
export function docsPage(served: readonly Operation[], url: string): string {
  const tags = [...new Set(served.map(({ tag }) => tag))];
  const links = tags.map((tag) => `<li><a href="#${tag}">${tag}</a></li>`).join('');
  const sections = tags.map((tag) => {
    const own = served.filter((operation) => operation.tag === tag);
    const articles = own.map((operation) => articleOf(operation, url)).join('\n');
    return `<section id="${tag}"><h2>${tag}</h2>\n${articles}</section>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lockstep: API</title>
<link rel="stylesheet" href="/docs.css">
</head>
<body>
<header><h1>Lockstep: API</h1>
<p>The same as data: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1). Errors are
<code>application/problem+json</code> with a stable <code>code</code> and what to do about it.</p>
<nav aria-label="Parts"><ul>${links}</ul></nav></header>
<main>
${sections.join('\n')}
</main>
</body>
</html>
`;
}

export const docsStyle = `:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.3rem 1rem; padding: 0; list-style: none; }
article { border-top: 1px solid #8886; padding: 0.5rem 0 1rem; }
h3 { font-size: 1rem; margin: 0.5rem 0; overflow-wrap: anywhere; }
pre, code { font: 14px/1.4 ui-monospace, monospace; }
pre { overflow-x: auto; padding: 0.6rem; border: 1px solid #8886; border-radius: 4px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1rem; margin: 0.5rem 0; }
dd { margin: 0; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } }
`;

function articleOf(operation: Operation, url: string): string {
  const { name, method, path, summary, schema } = operation;
  const fields = [...fieldsOf(schema.params), ...fieldsOf(schema.query), ...fieldsOf(schema.body)];
  const list = fields.map(([key, text]) => `<dt><code>${key}</code></dt><dd>${text}</dd>`);
  return `<article id="${name}">
<h3><code>${method} ${path}</code></h3>
<p>${marked(summary)}. For ${levels[accessOf(operation)]}.</p>
${list.length === 0 ? '' : `<dl>${list.join('\n')}</dl>`}
<pre tabindex="0">${escaped(commandOf(operation, url))}</pre>
</article>`;
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, { readonly description?: string }>>;
  readonly anyOf?: readonly ObjectSchema[];
}

function fieldsOf(schema: unknown): (readonly [string, string])[] {
  const { properties, anyOf = [] } = (schema ?? {}) as ObjectSchema;
  const own = Object.entries(properties ?? {}).map(
    ([key, { description = '' }]) => [escaped(key), marked(description)] as const,
  );
  return [...own, ...anyOf.flatMap(fieldsOf)];
}

function commandOf({ name, method, path }: Operation, url: string): string {
  const { params, query, body }: Example = examples[name] ?? {};
  const place = path.replaceAll(/\{(\w+)\}/g, (_all, key: string) => String(params?.[key] ?? key));
  const pairs = Object.entries(query ?? {}).map(([key, value]) => `${key}=${value}`);
  const address = `${url}${place}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`;
  const lines = [`curl${method === 'GET' ? '' : ` -X ${method}`} '${address}'`];
  if (body !== undefined) {
    lines.push(`-H 'content-type: application/json'`, `-d '${JSON.stringify(body)}'`);
  }
  return lines.join(' \\\n  ');
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

const marked = (text: string): string => escaped(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
