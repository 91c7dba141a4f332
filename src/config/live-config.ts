import type { Config } from './config.ts';
import { configSchema } from './config-schema.ts';
import type { Members } from './setting.ts';

/**
 * The configuration as it is at the moment. `view` is a `Config` whose values are read anew at
 * each use: whoever keeps it, or one of its groups, sees what is changed while running. A value
 * that was taken out of it, or a spread of it, is as of then; see `joinSettings`.
 */
export class LiveConfig {
  readonly view: Config;
  readonly #listeners = new Set<() => void>();
  #current: Config;

  constructor(config: Config) {
    this.#current = config;
    const current = (): object => this.#current;
    this.view = viewOf(configSchema.members, current) as unknown as Config;
  }

  /** As a plain value that stays as it is. */
  get current(): Config {
    return this.#current;
  }

  replace(config: Config): void {
    this.#current = config;
    for (const listener of this.#listeners) listener();
  }

  /** For who must do something when a setting is another. */
  subscribe(listener: () => void): void {
    this.#listeners.add(listener);
  }
}

function viewOf(members: Members, current: () => object): object {
  const view = {};
  for (const [name, member] of Object.entries(members)) {
    const valueNow = (): unknown => (current() as Record<string, unknown>)[name];
    const group =
      member.kind === 'group' ? viewOf(member.members, () => valueNow() as object) : undefined;
    Object.defineProperty(view, name, { enumerable: true, get: () => group ?? valueNow() });
  }
  return view;
}

/** Both in one object, as a spread of both, but with what is read anew at each use kept so. */
export function joinSettings<A extends object, B extends object>(settings: A, own: B): A & B {
  const joined = Object.defineProperties({}, Object.getOwnPropertyDescriptors(settings));
  return Object.defineProperties(joined, Object.getOwnPropertyDescriptors(own)) as A & B;
}
