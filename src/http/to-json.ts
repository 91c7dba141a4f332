/** As JSON.stringify, with big integers as strings of digits: JSON numbers would round them. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'bigint' ? part.toString() : part,
  );
}
