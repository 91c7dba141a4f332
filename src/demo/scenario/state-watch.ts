/** Follows a balancer's event stream and remembers which states each node has entered. */
export class StateWatch {
  readonly #states = new Map<string, string[]>();
  readonly #abort = new AbortController();

  /** Resolves when the stream stands; it begins with the events that the balancer still keeps. */
  static async open(url: string): Promise<StateWatch> {
    const watch = new StateWatch();
    const headers = { 'last-event-id': '0' };
    const response = await fetch(url, { headers, signal: watch.#abort.signal });
    if (!response.ok || response.body === null) throw new Error(`no events: ${response.status}`);
    void watch.#read(response.body).catch(() => {});
    return watch;
  }

  /** The states entered, oldest first. */
  statesOf(node: string): readonly string[] {
    return this.#states.get(node) ?? [];
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('data:')) this.#note(line.slice(5));
    }
  }

  #note(data: string): void {
    const event = JSON.parse(data) as { kind?: string; node?: string; to?: string };
    const { kind, node, to } = event;
    if (kind !== 'node_state_changed' || node === undefined || to === undefined) return;
    const states = this.#states.get(node) ?? [];
    states.push(to);
    this.#states.set(node, states);
  }
}
