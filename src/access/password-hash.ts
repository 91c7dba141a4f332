import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** As OWASP recommends: 32 MB and a fifth of a second for each guess. */
const costs = { ln: 15, r: 8, p: 3 } as const;
const saltBytes = 16;
const keyBytes = 32;
const memoryBytesMax = 64 * 1024 * 1024;

interface ParsedHash {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly salt: Buffer;
  readonly key: Buffer;
}

/** `$scrypt$ln=15,r=8,p=3$salt$key`, the form that password tools share (PHC). */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const { ln, r, p } = costs;
  const derived = { cost: 2 ** ln, blockSize: r, parallelization: p, salt };
  const key = await derive(password, { ...derived, keyBytes });
  return `$scrypt$ln=${ln},r=${r},p=${p}$${encode(salt)}$${encode(key)}`;
}

/** False for a wrong password, and for what is no hash. Takes as long in either case. */
export async function checkPassword(password: string, hash: string): Promise<boolean> {
  const parsed = parse(hash);
  if (!parsed) return false;
  const key = await derive(password, { ...parsed, keyBytes: parsed.key.length });
  return timingSafeEqual(key, parsed.key);
}

/** Undefined for what is no such hash, or would take more memory than a login may. */
function parse(hash: string): ParsedHash | undefined {
  const match =
    /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/-]{11,88})\$([\w+/-]{22,88})$/.exec(
      hash,
    );
  if (!match) return undefined;
  const [ln = 0, blockSize = 0, parallelization = 0] = match.slice(1, 4).map(Number);
  const [salt, key] = match.slice(4).map((part) => Buffer.from(part, 'base64'));
  if (!salt || !key || ln < 1 || blockSize < 1 || parallelization < 1 || ln > 20) return undefined;
  const cost = 2 ** ln;
  if (128 * cost * blockSize > memoryBytesMax) return undefined;
  return { cost, blockSize, parallelization, salt, key };
}

type Derived = Omit<ParsedHash, 'key'> & { readonly keyBytes: number };

function derive(password: string, options: Derived): Promise<Buffer> {
  const { keyBytes: length, salt, cost, blockSize, parallelization } = options;
  // Two ways to type one letter with an accent are one password.
  const typed = password.normalize('NFKC');
  const limits = { cost, blockSize, parallelization, maxmem: 2 * memoryBytesMax };
  return new Promise((resolve, reject) => {
    scrypt(typed, salt, length, limits, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

const encode = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
