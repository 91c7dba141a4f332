import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { createBalancer } from '../balancer.ts';
import { configFromNodes } from '../config/load-config.ts';
import { refuseTakenPorts } from './refuse-taken-ports.ts';

test('ports that others have are named before any node is asked', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  try {
    const { port } = other.address() as AddressInfo;
    // Nobody answers there: with a node asked first, the error would be about that.
    const config = configFromNodes(['mysql1=mysql://root@127.0.0.1:1']);
    const address = { host: '127.0.0.1', port };
    const mysql = { ...config.mysql, ...address };
    const http = { ...config.http, ...address };
    await expect(createBalancer({ ...config, mysql, http })).rejects.toMatchObject({
      code: 'config_invalid',
      message:
        `port ${port} (for MySQL clients) is already taken; ` +
        'choose another with mysql.port (--port)\n' +
        `port ${port} (for HTTP) is already taken; choose another with http.port (--http-port)`,
    });
    const free = { ...mysql, port: 0 };
    await refuseTakenPorts({ mysql: free, http: { ...http, enabled: false } });
  } finally {
    other.close();
  }
});
