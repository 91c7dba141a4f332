import type { Config } from './config.ts';
import { configSchema } from './config-schema.ts';
import type { Members } from './setting.ts';

/**
 * The configuration as it is at the moment. `view` is a `Config` of which `replace` changes the
 * values in place: whoever keeps it, or one of its groups, sees what is changed while running. A
 * value that was taken out of it, or a spread of it, is as of then; see `joinSettings`.
 */
export class LiveConfig {
  readonly view: Config;
  readonly #listeners = new Set<() => void>();
  #current: Config;

  constructor(config: Config) {
    this.#current = config;
    this.view = {} as Config;
    fill(this.view, configSchema.members, config);
  }

  /** As a plain value that stays as it is. */
  get current(): Config {
    return this.#current;
  }

  replace(config: Config): void {
    this.#current = config;
    fill(this.view, configSchema.members, config);
    for (const listener of this.#listeners) listener();
  }

  /** For who must do something when a setting is another. */
  subscribe(listener: () => void): void {
    this.#listeners.add(listener);
  }
}

/** Plain properties, which cost nothing to read: some are asked for with every statement. */
function fill(view: object, members: Members, values: object): void {
  const into = view as Record<string, unknown>;
  const from = values as Record<string, unknown>;
  for (const [name, member] of Object.entries(members)) {
    if (member.kind !== 'group') into[name] = from[name];
    else fill((into[name] ??= {}), member.members, from[name] as object);
  }
}

/** Both in one object, as a spread of both, but with what is changed in `settings` told anew. */
export function joinSettings<A extends object, B extends object>(settings: A, own: B): A & B {
  const joined = Object.defineProperties({}, Object.getOwnPropertyDescriptors(own));
  for (const name of Object.keys(settings) as (keyof A)[]) {
    if (name in own) continue;
    Object.defineProperty(joined, name, { enumerable: true, get: () => settings[name] });
  }
  return joined as A & B;
}
