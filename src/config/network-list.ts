import { BlockList, isIP } from 'node:net';

/**
 * Networks as MariaDB's `proxy_protocol_networks` has them: addresses and CIDR networks with
 * commas between, `*` for all, `localhost` for the Unix socket. Undefined when one is none.
 */
export function networkList(text: string): NetworkList | undefined {
  const networks = new BlockList();
  let everyone = false;
  let socket = false;
  for (const item of text.split(',').map((part) => part.trim())) {
    if (item === '') continue;
    if (item === '*') everyone = true;
    else if (item === 'localhost') socket = true;
    else if (!addNetwork(networks, item)) return undefined;
  }
  return {
    has: (address) => {
      if (everyone || address === undefined) return everyone || socket;
      const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
      const version = isIP(plain);
      return version !== 0 && networks.check(plain, version === 6 ? 'ipv6' : 'ipv4');
    },
  };
}

export interface NetworkList {
  /** `address` undefined: a client at the Unix socket. */
  has(address: string | undefined): boolean;
}

function addNetwork(networks: BlockList, item: string): boolean {
  const [address = '', bits, ...rest] = item.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  const family = version === 6 ? 'ipv6' : 'ipv4';
  const most = version === 6 ? 128 : 32;
  const prefix = bits === undefined ? most : Number(bits);
  if (!/^\d{1,3}$/.test(bits ?? '0') || prefix > most) return false;
  networks.addSubnet(address, prefix, family);
  return true;
}
