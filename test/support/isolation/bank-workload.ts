import type { IsolationClient, Pick } from './client.ts';

const accounts = 10;
const each = 100;
const total = accounts * each;

const openings = Array.from({ length: accounts }, (_, id) => `(${id}, ${each})`);

export const bankTables = [
  'CREATE TABLE accounts (id INT PRIMARY KEY, balance INT NOT NULL)',
  `INSERT INTO accounts VALUES ${openings.join()}`,
];

/** Clients that move money between accounts, and look whether it is all there. */
export class BankWorkload {
  /** Totals that were not what they must be. */
  readonly violations: string[] = [];
  transfers = 0;
  looks = 0;
  readonly #pick: Pick;
  readonly #serializable: boolean;

  constructor(options: { pick: Pick; serializable: boolean }) {
    this.#pick = options.pick;
    this.#serializable = options.serializable;
  }

  async step(client: IsolationClient): Promise<void> {
    const kind = this.#pick(6);
    if (kind < 2) await client.attempt(() => this.#transfer(client));
    else if (kind < 3) await client.attempt(() => this.#transferAtOnce(client));
    else if (kind < 5) await client.attempt(() => this.#look(client));
    else await client.attempt(() => this.#lookOneByOne(client));
  }

  /** Reads both balances and writes what they are to be: an update lost in between shows. */
  async #transfer(client: IsolationClient): Promise<void> {
    const { from, to, amount } = this.#plan();
    await client.run('BEGIN');
    const here = await this.#balanceToChange(client, from);
    const there = await this.#balanceToChange(client, to);
    const prepared = this.#pick(2) === 0;
    const sql = 'UPDATE accounts SET balance = ? WHERE id = ?';
    await client.change(sql, [here - amount, from], prepared);
    await client.change(sql, [there + amount, to], prepared);
    await client.run(this.#pick(6) === 0 ? 'ROLLBACK' : 'COMMIT');
    this.transfers++;
  }

  async #balanceToChange(client: IsolationClient, id: number): Promise<number> {
    const lock = this.#serializable && this.#pick(2) === 0 ? '' : ' FOR UPDATE';
    const sql = `SELECT balance FROM accounts WHERE id = ?${lock}`;
    const [row] = await client.rows(sql, [id], this.#pick(2) === 0);
    return Number(row?.['balance']);
  }

  async #transferAtOnce(client: IsolationClient): Promise<void> {
    const { from, to, amount } = this.#plan();
    const sql = 'UPDATE accounts SET balance = balance + IF(id = ?, ?, ?) WHERE id IN (?, ?)';
    await client.change(sql, [from, -amount, amount, from, to], this.#pick(2) === 0);
    this.transfers++;
  }

  async #look(client: IsolationClient): Promise<void> {
    const prepared = this.#pick(2) === 0;
    const rows = await client.rows('SELECT balance FROM accounts', [], prepared);
    this.#compare(rows.map((row) => Number(row['balance'])));
  }

  async #lookOneByOne(client: IsolationClient): Promise<void> {
    const balances: number[] = [];
    await client.run(this.#pick(2) === 0 ? 'BEGIN' : 'START TRANSACTION READ ONLY');
    for (let id = 0; id < accounts; id++) {
      const sql = 'SELECT balance FROM accounts WHERE id = ?';
      const [row] = await client.rows(sql, [id], this.#pick(2) === 0);
      balances.push(Number(row?.['balance']));
    }
    await client.run('COMMIT');
    this.#compare(balances);
  }

  #compare(balances: readonly number[]): void {
    this.looks++;
    const sum = balances.reduce((left, right) => left + right, 0);
    if (sum === total && balances.length === accounts) return;
    this.violations.push(`${sum} instead of ${total} in ${balances.join(' ')}`);
  }

  #plan(): { from: number; to: number; amount: number } {
    const from = this.#pick(accounts);
    const to = (from + 1 + this.#pick(accounts - 1)) % accounts;
    return { from, to, amount: 1 + this.#pick(20) };
  }
}
