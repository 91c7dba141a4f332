import { SessionClient } from './session-client.ts';
import type { Step } from './step.ts';

/** The first step of which a client is told something else through Lockstep than by a server. */
export interface Difference {
  readonly step: number;
  readonly direct: readonly string[];
  readonly through: readonly string[];
}

interface Ports {
  readonly direct: number;
  readonly through: number;
}

const answerMsMax = 60_000;

/** Sessions that are each open on a server and through Lockstep, and send the same to both. */
export class Twins implements AsyncDisposable {
  readonly #twins: readonly Twin[];
  #sent = 0;

  private constructor(twins: readonly Twin[]) {
    this.#twins = twins;
  }

  /** Each with its own table, empty. */
  static async open(ports: Ports, count: number): Promise<Twins> {
    const opened: Twin[] = [];
    for (let who = 0; who < count; who += 1) opened.push(await Twin.open(ports));
    const twins = new Twins(opened);
    for (const [who, twin] of opened.entries()) {
      for (const sql of [`DROP TABLE IF EXISTS t${who}`, ownTable(who), 'SELECT 1']) {
        await twin.send({ who, sent: { kind: 'query', sql }, alone: true });
      }
    }
    return twins;
  }

  /** How many steps of what was run were sent. */
  get sent(): number {
    return this.#sent;
  }

  /** Undefined when every answer was the same. */
  async run(steps: readonly Step[]): Promise<Difference | undefined> {
    for (const [index, step] of steps.entries()) {
      const twin = this.#twins[step.who];
      if (!twin || !this.#mayRun(twin, step)) continue;
      this.#sent += 1;
      const { direct, through } = await twin.send(step);
      if (direct.join('\n') !== through.join('\n')) return { step: index, direct, through };
    }
    return undefined;
  }

  /** Whether nothing holds it up: Lockstep lets a session wait where a server would not. */
  #mayRun(twin: Twin, { alone }: Step): boolean {
    const others = this.#twins.filter((other) => other !== twin);
    if (others.some(({ locks }) => locks)) return false;
    return !alone || !others.some(({ inTransaction }) => inTransaction);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#twins.map((twin) => twin.close()));
  }
}

const ownTable = (who: number): string =>
  `CREATE TABLE t${who} (id INT AUTO_INCREMENT PRIMARY KEY, n TINYINT, w VARCHAR(4))`;

class Twin {
  readonly #direct: SessionClient;
  readonly #through: SessionClient;
  #locks = false;

  private constructor(direct: SessionClient, through: SessionClient) {
    this.#direct = direct;
    this.#through = through;
  }

  static async open({ direct, through }: Ports): Promise<Twin> {
    const [one, other] = await Promise.all(
      [direct, through].map((port) => SessionClient.connect(port)),
    );
    if (!one || !other) throw new Error('two were opened');
    return new Twin(one, other);
  }

  /** LOCK TABLES is in force. */
  get locks(): boolean {
    return this.#locks;
  }

  get inTransaction(): boolean {
    return this.#direct.inTransaction || this.#through.inTransaction;
  }

  async send(step: Step): Promise<Omit<Difference, 'step'>> {
    const both = [this.#direct, this.#through].map((client) =>
      withDeadline(client.send(step.sent)).catch((error: unknown) => [String(error)]),
    );
    const [direct = [], through = []] = await Promise.all(both);
    this.#noteLocks(step, direct);
    return { direct, through };
  }

  #noteLocks({ sent }: Step, direct: readonly string[]): void {
    if (sent.kind === 'reset' || sent.kind === 'change_user') this.#locks = false;
    if (sent.kind !== 'query') return;
    if (sent.sql.startsWith('LOCK TABLES')) this.#locks = direct[0]?.startsWith('ok') ?? false;
    if (/^(?:UNLOCK TABLES|BEGIN|START)/.test(sent.sql)) this.#locks = false;
  }

  async close(): Promise<void> {
    await Promise.all([this.#direct, this.#through].map((one) => one[Symbol.asyncDispose]()));
  }
}

async function withDeadline<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), answerMsMax);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
