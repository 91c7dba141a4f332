/** How long something is, in the two largest units that tell. */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.floor(hours / 24)} days`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

/** `1 node`, `2 nodes`; `things` is a plural that ends with an s. */
export const counted = (count: number, things: string): string =>
  `${count} ${count === 1 ? things.slice(0, -1) : things}`;

export function bytes(count: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  const power = count < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(count) / 10));
  return power === 0 ? `${count} bytes` : `${(count / 1024 ** power).toFixed(1)} ${units[power]}`;
}

/** So many a second: small ones with a digit behind the point. */
export const perSecond = (rate: number): string =>
  rate > 0 && rate < 10 ? rate.toFixed(1) : Math.round(rate).toString();
