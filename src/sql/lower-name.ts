/**
 * A name (a binary string) as the servers compare it: without case. Its letters beyond ASCII are
 * read as UTF-8; in any other encoding they stay as they are.
 */
export function lowerName(name: string): string {
  if (!/[\x80-\xff]/.test(name)) return name.toLowerCase();
  const bytes = Buffer.from(name, 'latin1');
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) {
    return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  }
  return Buffer.from(text.toLowerCase(), 'utf8').toString('latin1');
}
