import { InvalidArgumentError } from 'commander';

/** A parser for commander: whole numbers from `min` to `max`. */
export const integerBetween =
  (min: number, max: number) =>
  (text: string): number => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}.`);
  };

/** 0 takes a free one. */
export const listenPort = integerBetween(0, 65_535);
export const fixedPort = integerBetween(1, 65_535);
