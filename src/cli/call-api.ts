import { LockstepError } from '../base/errors.ts';

export type Json = Readonly<Record<string, unknown>>;

const deadlineMs = 30_000;

/** One call to the HTTP API. Throws LockstepError with what the balancer says is wrong. */
export async function callApi(url: string, method: 'GET' | 'POST', path: string): Promise<Json> {
  let response: Response;
  try {
    response = await fetch(new URL(path, url), {
      method,
      signal: AbortSignal.timeout(deadlineMs),
      ...(method === 'POST' ? { body: '{}', headers: { 'content-type': 'application/json' } } : {}),
    });
  } catch (cause) {
    throw new LockstepError('not_found', `no balancer answers at ${url}`, { cause });
  }
  const text = await response.text();
  const answer = (text === '' ? {} : JSON.parse(text)) as Json;
  if (response.ok) return answer;
  const detail = answer['detail'] ?? answer['title'] ?? `status ${response.status}`;
  throw new LockstepError('conflict', JSON.stringify(detail));
}
