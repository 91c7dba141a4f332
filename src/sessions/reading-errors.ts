/**
 * What is found wrong with a text while it is read (seen on both servers): that it is no SQL, or no
 * schema was chosen; names, character sets, engines and widths that cannot be; a table or variable
 * named twice; in programs what stands where it may not.
 */
export const readingErrors: ReadonlySet<number> = new Set([
  ...[1046, 1059, 1064, 1066, 1102, 1103, 1115, 1273, 1286, 1426, 1439, 1504, 1818],
  ...[1308, 1313, 1320, 1327, 1331],
]);
