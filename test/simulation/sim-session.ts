import type { TextResult } from '../../src/protocol/result-set.ts';
import { isData, isDdl, isDml, lockedKeys, runStatement } from './sim-sql.ts';
import type { SimServer } from './sim-server.ts';
import { runMarkerStatement } from './sim-markers.ts';
import { errResult, okResult, rowsResult, type Transaction } from './sim-results.ts';
import type { Backup } from './sim-store.ts';

const deadlock = 1213;
const lockWaitTimeout = 1205;
const errorDuringCommit = 1180;

/** One connection as the server sees it: its transaction, and the packets it has yet to run. */
export class SimSession implements Transaction {
  readonly id: number;
  readonly #server: SimServer;
  readonly #answer: (results: readonly TextResult[]) => void;
  readonly #packets: string[] = [];
  #changes = new Map<string, string | undefined>();
  /** What SELECTs without locks see, from the first of them to the end of the transaction. */
  #snapshot: Backup | undefined;
  #open = false;
  #serializable = false;
  #busy = false;
  #ended = false;

  constructor(server: SimServer, id: number, answer: (results: readonly TextResult[]) => void) {
    this.#server = server;
    this.id = id;
    this.#answer = answer;
  }

  get inTransaction(): boolean {
    return this.#open;
  }

  get ended(): boolean {
    return this.#ended;
  }

  receive(packet: string): void {
    this.#packets.push(packet);
    if (!this.#busy) void this.#run();
  }

  /**
   * The server ends it: rolled back, and what was not run yet never will be. The client may
   * hear of it late.
   */
  end(noticeAfterMs = 0): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#packets.length = 0;
    this.#rollback();
    this.#server.forget(this, noticeAfterMs);
  }

  async #run(): Promise<void> {
    this.#busy = true;
    for (let packet = this.#packets.shift(); packet !== undefined; packet = this.#packets.shift()) {
      await this.#server.work();
      if (this.#ended) return;
      const results: TextResult[] = [];
      for (const sql of packet.split(/\n?;/)) {
        if (await this.#server.mayPause()) {
          if (this.#ended) return;
        }
        const result = await this.#execute(sql.trim());
        if (this.#ended) return;
        results.push(result);
        if (result.kind === 'err') break;
      }
      if (failedMidway(packet, results)) {
        this.#server.occurrences.add('a batch failed in the middle');
      }
      this.#answer(results);
    }
    this.#busy = false;
  }

  async #execute(sql: string): Promise<TextResult> {
    if (sql === 'RESET') {
      this.#rollback();
      return okResult();
    }
    if (sql === 'BEGIN' || sql === 'BEGIN SERIALIZABLE') {
      // A server commits what is open without being asked.
      this.#commit();
      this.#open = true;
      this.#serializable = sql !== 'BEGIN';
      return okResult();
    }
    if (sql === 'COMMIT') {
      if (this.#server.fails()) {
        this.#rollback();
        return errResult(errorDuringCommit);
      }
      this.#commit();
      return okResult();
    }
    if (sql === 'START TRANSACTION WITH CONSISTENT SNAPSHOT') {
      this.#commit();
      this.#open = true;
      this.#snapshot = this.#server.store.backup();
      return okResult();
    }
    if (sql === 'ROLLBACK') {
      this.#rollback();
      return okResult();
    }
    if (isDdl(sql)) this.#commit();
    const alone = !this.#open;
    const result = await this.#runOne(sql);
    if (this.#ended) return result;
    if (result.kind === 'err' && result.error.errno === deadlock) this.#rollback();
    else if (alone) {
      if (result.kind === 'err') this.#rollback();
      else this.#commit();
    }
    return result;
  }

  async #runOne(sql: string): Promise<TextResult> {
    if (sql === 'READ') return this.#read();
    if (sql.startsWith('LOAD ')) return this.#load(sql.slice(5));
    if (!isDdl(sql) && !isDml(sql)) {
      return (await runMarkerStatement(sql, this)) ?? this.#server.answerQuery(sql, this);
    }
    if (isDml(sql)) {
      if (this.#server.fails()) return errResult(lockWaitTimeout);
      for (const key of lockedKeys(sql, this.#serializable)) {
        const errno = await this.lock(key);
        if (errno !== 0) return errResult(errno);
      }
    }
    const effect = runStatement(sql, this);
    if (effect.kind === 'error') return errResult(effect.errno, effect.message);
    return okResult(effect.affectedRows);
  }

  /** All that belongs to the application. */
  async #read(): Promise<TextResult> {
    const found = new Set([...this.keys(''), ...(this.#fixed()?.keys() ?? [])]);
    const keys = [...found].filter((key) => isData(key));
    if (this.#serializable) {
      for (const key of keys) {
        const errno = await this.lock(key);
        if (errno !== 0) return errResult(errno);
      }
    }
    const rows = keys.map((k) => ({ k, v: this.look(k) }));
    return rowsResult(rows.flatMap(({ k, v }) => (v === undefined ? [] : [{ k, v }])));
  }

  /** All rows at once, as a copy brings them. */
  #load(json: string): TextResult {
    for (const key of this.keys('').filter((found) => isData(found))) this.set(key, undefined);
    for (const [key, value] of JSON.parse(json) as [string, string][]) this.set(key, value);
    return okResult();
  }

  look(key: string): string | undefined {
    const snapshot = this.#changes.has(key) ? undefined : this.#fixed();
    return snapshot ? snapshot.get(key) : this.get(key);
  }

  /** What SELECTs without locks go by; undefined when that is the latest. */
  #fixed(): Backup | undefined {
    if (!this.#open || this.#serializable) return undefined;
    this.#snapshot ??= this.#server.store.backup();
    return this.#snapshot;
  }

  get(key: string): string | undefined {
    return this.#changes.has(key) ? this.#changes.get(key) : this.#server.store.get(key);
  }

  set(key: string, value: string | undefined): void {
    this.#changes.set(key, value);
  }

  keys(prefix: string): string[] {
    const changed = [...this.#changes].filter(([key]) => key.startsWith(prefix));
    const all = new Set(this.#server.store.keys(prefix));
    for (const [key, value] of changed) {
      if (value === undefined) all.delete(key);
      else all.add(key);
    }
    return [...all];
  }

  lock(key: string): Promise<number> {
    return this.#server.locks.acquire(this, key);
  }

  #commit(): void {
    const changes = this.#changes;
    this.#changes = new Map();
    this.#close();
    if (changes.size > 0) this.#server.commit(changes);
    this.#server.locks.release(this);
  }

  #close(): void {
    this.#open = false;
    this.#serializable = false;
    this.#snapshot = undefined;
  }

  #rollback(): void {
    this.#changes = new Map();
    this.#close();
    this.#server.locks.release(this);
  }
}

/** A follower's batch of which something had run already. */
const failedMidway = (packet: string, results: readonly TextResult[]): boolean =>
  results.length > 2 && results.at(-1)?.kind === 'err' && packet.includes('.node SET position=');
