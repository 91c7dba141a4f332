declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** An entry's place in the total order: 1, 2, 3 … without gaps. 0 means "nothing yet". */
export type Seq = Brand<number, 'Seq'>;

/** The operator's name of a node, e.g. `mysql2`. Unique within one configuration. */
export type NodeName = Brand<string, 'NodeName'>;

export const seq = (value: number): Seq => value as Seq;
export const nodeName = (value: string): NodeName => value as NodeName;
export const nextSeq = (value: Seq): Seq => (value + 1) as Seq;

export const noSeq: Seq = seq(0);
