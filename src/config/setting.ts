/** How a setting is written and checked. */
export type Form =
  | { readonly kind: 'text'; readonly pattern?: RegExp; readonly expected?: string }
  /** Also takes `<key>_file` and `<key>_env`, which name where the value is kept. */
  | { readonly kind: 'secret' }
  /** A path; a relative one is relative to the folder of the configuration file. */
  | { readonly kind: 'path' }
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'duration'; readonly minMs: number; readonly maxMs: number }
  | { readonly kind: 'size'; readonly minBytes: number; readonly maxBytes: number }
  | { readonly kind: 'flag' }
  | { readonly kind: 'choice'; readonly values: readonly string[] };

export type Presence = 'required' | 'optional' | 'default';

/** One value of the configuration, of type T once it is read. */
export interface Setting<T, P extends Presence = Presence> {
  readonly kind: 'setting';
  readonly form: Form;
  readonly presence: P;
  /** Set exactly when `presence` is 'default'. */
  readonly defaultValue: T | undefined;
  readonly description: string;
}

export interface Group<M extends Members = Members> {
  readonly kind: 'group';
  readonly members: M;
  readonly description: string;
}

/** A sequence of groups of one shape. */
export interface List<M extends Members = Members> {
  readonly kind: 'list';
  readonly item: Group<M>;
  readonly itemsMin: number;
  readonly itemsMax: number;
  readonly description: string;
  /** Other way to write an item, as one text; named for messages and docs. */
  readonly shorthand?: string;
}

/** A list, or one word in its place. */
export interface ListOrWord<M extends Members = Members, W extends string = string>
  extends List<M> {
  readonly word: W;
}

export type Member = Setting<unknown> | Group | List | ListOrWord;
export type Members = { readonly [name: string]: Member };

type OptionalName<M> = {
  [K in keyof M]: M[K] extends Setting<unknown, 'optional'> ? K : never;
}[keyof M];

type Simplify<T> = { readonly [K in keyof T]: T[K] };

type ValueOfMembers<M extends Members> = Simplify<
  { readonly [K in Exclude<keyof M, OptionalName<M>>]: ValueOf<M[K]> } & {
    readonly [K in OptionalName<M>]?: ValueOf<M[K]>;
  }
>;

/** The type of the value that a member describes. */
export type ValueOf<S> =
  S extends Setting<infer T>
    ? T
    : S extends Group<infer M>
      ? ValueOfMembers<M>
      : S extends ListOrWord<infer M, infer W>
        ? readonly ValueOfMembers<M>[] | W
        : S extends List<infer M>
          ? readonly ValueOfMembers<M>[]
          : never;

/** A setting that has a value when the file is silent. */
export function withDefault<T>(form: Form, value: T, description: string): Setting<T, 'default'> {
  return { kind: 'setting', form, presence: 'default', defaultValue: value, description };
}

export function required<T>(form: Form, description: string): Setting<T, 'required'> {
  return { kind: 'setting', form, presence: 'required', defaultValue: undefined, description };
}

export function optional<T>(form: Form, description: string): Setting<T, 'optional'> {
  return { kind: 'setting', form, presence: 'optional', defaultValue: undefined, description };
}

export function group<const M extends Members>(description: string, members: M): Group<M> {
  return { kind: 'group', members, description };
}

/**
 * The key in the file for a member's name in the code: `syncTimeoutMs` is `sync_timeout`, because
 * durations are written with their unit in the file.
 */
export function keyOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/_ms$/, '');
}

/** Every key a group allows, the two other ways to give a secret included. */
export function keysOf(members: Members): string[] {
  return Object.entries(members).flatMap(([name, member]) => {
    const key = keyOf(name);
    const isSecret = member.kind === 'setting' && member.form.kind === 'secret';
    return isSecret ? [key, `${key}_file`, `${key}_env`] : [key];
  });
}
