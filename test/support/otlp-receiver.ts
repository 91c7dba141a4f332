import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OtlpSpan } from '../../src/telemetry/tracing/otlp-span.ts';

interface TraceRequest {
  readonly resourceSpans: readonly {
    readonly resource: object;
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

/** Takes traces as a collector does: OTLP over HTTP, in JSON. */
export interface OtlpReceiver extends AsyncDisposable {
  readonly url: string;
  readonly spans: OtlpSpan[];
  readonly paths: Set<string>;
  readonly headers: IncomingHttpHeaders[];
  /** What requests are answered with from now on. */
  status: number;
  close(): Promise<void>;
}

export async function openOtlpReceiver(): Promise<OtlpReceiver> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      receiver.paths.add(request.url ?? '');
      receiver.headers.push(request.headers);
      const { resourceSpans } = JSON.parse(body) as TraceRequest;
      const scopes = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans);
      if (receiver.status === 200) receiver.spans.push(...scopes.flatMap(({ spans }) => spans));
      response.writeHead(receiver.status, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  };
  const receiver: OtlpReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: [],
    paths: new Set(),
    headers: [],
    status: 200,
    close,
    [Symbol.asyncDispose]: close,
  };
  return receiver;
}

/** An attribute as it was sent, whatever its type. */
export const attribute = (span: OtlpSpan | undefined, key: string): unknown =>
  Object.values(span?.attributes.find((one) => one.key === key)?.value ?? {})[0];
