import type { TextResult } from '../../src/protocol/result-set.ts';
import { isDdl, isDml, lockedKeys, runStatement } from './sim-sql.ts';
import type { SimServer } from './sim-server.ts';
import { runMarkerStatement } from './sim-markers.ts';
import { errResult, okResult, type Transaction } from './sim-results.ts';

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
  #open = false;
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
      this.#answer(results);
    }
    this.#busy = false;
  }

  async #execute(sql: string): Promise<TextResult> {
    if (sql === 'RESET') {
      this.#rollback();
      return okResult();
    }
    if (sql === 'BEGIN') {
      // A server commits what is open without being asked.
      this.#commit();
      this.#open = true;
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
    if (!isDdl(sql) && !isDml(sql)) {
      return (await runMarkerStatement(sql, this)) ?? this.#server.answerQuery(sql, this);
    }
    if (isDml(sql)) {
      if (this.#server.fails()) return errResult(lockWaitTimeout);
      for (const key of lockedKeys(sql)) {
        const errno = await this.lock(key);
        if (errno !== 0) return errResult(errno);
      }
    }
    const effect = runStatement(sql, this);
    return effect.kind === 'error' ? errResult(effect.errno) : okResult(effect.affectedRows);
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
    this.#open = false;
    if (changes.size > 0) this.#server.commit(changes);
    this.#server.locks.release(this);
  }

  #rollback(): void {
    this.#changes = new Map();
    this.#open = false;
    this.#server.locks.release(this);
  }
}
