import { asc, desc, eq, gt } from 'drizzle-orm';
import { codeOf, inTransaction } from './database.mjs';
import { changes, createTables, users } from './tables.mjs';

/** The one place that knows how users are kept. Every change leaves a line of history with it. */
export class Users {
  #database;

  constructor(database) {
    this.#database = database;
  }

  /** Makes the tables where they are missing. */
  async prepare() {
    for (const statement of createTables) await this.#database.pool.query(statement);
  }

  list({ after = 0, limit = 50 } = {}) {
    const { orm } = this.#database;
    return orm.select().from(users).where(gt(users.id, after)).orderBy(asc(users.id)).limit(limit);
  }

  /** The latest first. */
  history(limit = 20) {
    return this.#database.orm.select().from(changes).orderBy(desc(changes.id)).limit(limit);
  }

  /** By the driver alone, as applications do where an ORM is in the way. */
  async count() {
    const [[row]] = await this.#database.pool.execute('SELECT COUNT(*) AS users FROM users');
    return row.users;
  }

  /** undefined: there is none. */
  async find(id) {
    const [user] = await this.#database.orm.select().from(users).where(eq(users.id, id));
    return user;
  }

  /** Throws EmailTaken. */
  add({ name, email }) {
    return this.#change(async (transaction) => {
      const [{ insertId }] = await transaction.insert(users).values({ name, email });
      return { id: insertId, what: `added ${name}` };
    });
  }

  /** False: there is none. Throws EmailTaken. */
  change(id, { name, email }) {
    return this.#change(async (transaction) => {
      const [{ affectedRows }] = await transaction
        .update(users)
        .set({ name, email })
        .where(eq(users.id, id));
      return affectedRows === 0 ? undefined : { id, what: `changed to ${name}` };
    });
  }

  /** False: there is none. */
  remove(id) {
    return this.#change(async (transaction) => {
      const [{ affectedRows }] = await transaction.delete(users).where(eq(users.id, id));
      return affectedRows === 0 ? undefined : { id, what: 'removed' };
    });
  }

  async #change(work) {
    try {
      return await inTransaction(this.#database, async (transaction) => {
        const changed = await work(transaction);
        if (changed === undefined) return undefined;
        const { id, what } = changed;
        await transaction.insert(changes).values({ userId: id, what });
        return id;
      });
    } catch (error) {
      throw codeOf(error) === 'ER_DUP_ENTRY' ? new EmailTaken() : error;
    }
  }
}

export class EmailTaken extends Error {
  constructor() {
    super('another user has this email');
  }
}
