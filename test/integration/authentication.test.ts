import { randomBytes } from 'node:crypto';
import mysql, { type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cachingSha2Scramble } from '../../src/protocol/auth/caching-sha2.ts';
import { ClientAuthentication } from '../../src/protocol/auth/client-auth.ts';
import { nativePasswordScramble } from '../../src/protocol/auth/native-password.ts';
import { decodeAuthSwitchRequest } from '../../src/protocol/auth-switch-request.ts';
import { Capability } from '../../src/protocol/capabilities.ts';
import { encodeChangeUser } from '../../src/protocol/change-user.ts';
import { CommandByte } from '../../src/protocol/commands.ts';
import { decodeErr } from '../../src/protocol/err-packet.ts';
import { encodeHandshakeResponse } from '../../src/protocol/handshake-response.ts';
import { decodeHandshakeV10 } from '../../src/protocol/handshake-v10.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';
import { CommandClient } from '../support/command-client.ts';
import { RawClient } from '../support/raw-client.ts';

const ok = 0x00;
const err = 0xff;

interface Change {
  readonly password: string;
  readonly database?: string;
  readonly characterSet?: number;
}
const plugins = { native: 'mysql_native_password', sha2: 'caching_sha2_password' };

describe.each(engines())('logging in, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 2 });
    const accounts = engine.name === 'mariadb' ? mariadbAccounts : mysqlAccounts;
    await Promise.all(
      servers.servers.map(async (server) => {
        const root = await connectTo(server, { user: 'root' });
        for (const sql of accounts) await root.query(sql);
        await root.end();
      }),
    );
    lockstep = await startBalancer(servers, {
      users: [
        { name: 'app', password: 'app' },
        { name: 'other', password: 'secret' },
        { name: 'blank', password: '' },
      ],
    });
  });

  afterAll(async () => {
    await lockstep?.close();
    await servers?.close();
  });

  const connect = (options: mysql.ConnectionOptions = {}) =>
    mysql.createConnection({ host: '127.0.0.1', port: lockstep.port, user: 'app', ...options });

  const whoIs = async (client: mysql.Connection): Promise<unknown> => {
    const [rows] = await client.query<RowDataPacket[]>(
      "SELECT SUBSTRING_INDEX(USER(), '@', 1) AS name, DATABASE() AS db, @v AS v",
    );
    return rows[0];
  };

  test('a node whose account has a plugin of its own takes us', async () => {
    const client = await connect({ user: 'other', password: 'secret', database: 'app' });
    expect(await whoIs(client)).toEqual({ name: 'other', db: 'app', v: null });
    await client.query('CREATE TABLE other (id INT PRIMARY KEY)');
    await client.query('INSERT INTO other VALUES (1)');
    await client.end();
  });

  test('an empty password is one', async () => {
    const client = await connect({ user: 'blank', password: '' });
    expect(await whoIs(client)).toEqual({ name: 'blank', db: null, v: null });
    await client.end();
    await expect(connect({ user: 'blank', password: 'x' })).rejects.toMatchObject({ errno: 1045 });
    await expect(connect({ user: 'app', password: '' })).rejects.toMatchObject({ errno: 1045 });
  });

  test('COM_CHANGE_USER makes another session of the connection', async () => {
    const client = await connect({ password: 'app', database: 'app' });
    await client.query('SET @v = 7');
    await client.query('CREATE TEMPORARY TABLE gone (id INT)');
    await client.beginTransaction();
    await client.query('CREATE TABLE IF NOT EXISTS changed (id INT PRIMARY KEY)');
    await client.beginTransaction();
    await client.query('INSERT INTO changed VALUES (1)');
    await client.changeUser({ user: 'other', password: 'secret', database: 'other' });
    expect(await whoIs(client)).toEqual({ name: 'other', db: 'other', v: null });
    await client.changeUser({ user: 'app', password: 'app', database: 'app' });
    expect(await whoIs(client)).toEqual({ name: 'app', db: 'app', v: null });
    // What was open is rolled back, as when the client goes.
    const [rows] = await client.query<RowDataPacket[]>('SELECT * FROM changed');
    expect(rows).toEqual([]);
    await expect(client.query('SELECT * FROM gone')).rejects.toMatchObject({ errno: 1146 });
    await client.end();
  });

  /** COM_CHANGE_USER; the packet that ends it. */
  async function changeTo(
    one: CommandClient,
    user: string,
    { password, database = '', characterSet = 45 }: Change,
  ): Promise<Buffer> {
    const login = new ClientAuthentication({ user, password, secure: false, random: randomBytes });
    login.onGreeting(one.greeting);
    const authResponse = Buffer.alloc(0);
    const asked = { user, authResponse, database, characterSet, authPlugin: 'dialog' };
    one.raw.command(encodeChangeUser(asked));
    for (;;) {
      const answer = await one.next();
      if (answer[0] === ok || answer[0] === err) return answer;
      const step = login.onPacket(answer);
      if (step.kind === 'send') one.reply(step.payload);
    }
  }

  test('who is refused another user goes on on MariaDB, is sent away on MySQL', async () => {
    const mysqls = engine.name === 'mysql';
    const asked =
      "SELECT CONCAT_WS(' ', SUBSTRING_INDEX(USER(), '@', 1), DATABASE(), @v, @@autocommit, " +
      '@@character_set_client, @@collation_connection, @@time_zone, ' +
      '(SELECT COUNT(*) FROM app.kept))';
    const dirty = [
      "SET @v = 7, autocommit = 0, time_zone = '+03:00', character_set_client = 'cp850'",
      'CREATE TEMPORARY TABLE gone (id INT)',
      'INSERT INTO kept VALUES (1)',
    ];
    const client = await connect({ password: 'app', database: 'app' });
    await client.query('CREATE TABLE kept (id INT PRIMARY KEY)');
    await client.end();
    const changes: readonly (readonly [string, Change])[] = [
      ['blank', { password: 'wrong' }],
      ['blank', { password: '', database: 'nowhere' }],
      ['app', { password: 'app', characterSet: 35 }],
      ['app', { password: 'app' }],
    ];
    const tell = async (port: number): Promise<string[]> => {
      const options = { capabilities: Capability.DEPRECATE_EOF, characterSet: 8, database: 'app' };
      const told: string[] = [];
      // The last one is let in by MySQL: there it is the first of its connection.
      const left = mysqls ? changes.slice(0, 3) : [...changes];
      while (left.length > 0) {
        await using one = await CommandClient.connect(port, options);
        for (const sql of dirty) await one.query(sql);
        while (left.length > 0) {
          const [[user, how] = ['', { password: '' }]] = left.splice(0, 1);
          const { errno, sqlState, message } = decodeErr(await changeTo(one, user, how));
          const inOurWords = message.replace(/^Lockstep: .*/, 'Unknown command');
          told.push(`${errno} ${sqlState} ${inOurWords}`);
          if (mysqls) break;
          told.push((await one.query(asked))[2]?.toString('latin1') ?? '');
          told.push((await one.query('SELECT * FROM gone'))[0]?.toString('latin1', 9) ?? '');
        }
        if (mysqls) await one.ended;
      }
      return told;
    };
    const [server, own] = await Promise.all([
      tell(servers.servers[0]?.port ?? 0),
      tell(lockstep.port),
    ]);
    expect(own).toEqual(server);
    expect(server).toHaveLength(mysqls ? 3 : 12);
  });

  test('a COM_CHANGE_USER that cannot be read is error 1047', async () => {
    await using one = await CommandClient.connect(lockstep.port, { capabilities: 0 });
    const refused = await one.command(CommandByte.CHANGE_USER, Buffer.from('root'));
    expect(refused.readUInt16LE(1)).toBe(1047);
    if (engine.name === 'mysql') await one.ended;
    else expect((await one.command(CommandByte.PING))[0]).toBe(ok);
  });

  test('a collation that a client begins with is what a server makes of it', async () => {
    const variables = '@@character_set_client, @@character_set_results, @@collation_connection';
    const told: string[][] = [];
    for (const port of [servers.servers[0]?.port ?? 0, lockstep.port]) {
      const answers: string[] = [];
      // Unknown ones and those of one family only; characters with zero bytes; what all have.
      for (const characterSet of [0, 8, 35, 45, 54, 56, 60, 63, 159, 192, 224, 247, 249, 255]) {
        answers.push(
          await CommandClient.connect(port, {
            capabilities: Capability.DEPRECATE_EOF,
            characterSet,
          })
            .then(async (one) => {
              await using client = one;
              const before = await client.query(`SELECT CONCAT_WS(' ', ${variables})`);
              // MariaDB goes back from one that it does not know to any that was there before.
              if (characterSet > 247) return `${characterSet}: ${before[2]?.toString()}`;
              await client.command(CommandByte.RESET_CONNECTION);
              const after = await client.query(`SELECT CONCAT_WS(' ', ${variables})`);
              return `${characterSet}: ${before[2]?.toString()}, ${after[2]?.toString()}`;
            })
            .catch((error: Error) => `${characterSet}: ${error.message}`),
        );
      }
      told.push(answers);
    }
    expect(told[1]).toEqual(told[0]);
    expect(told[0]?.join()).toContain("can't be set to the value of 'ucs2'");
  });

  /** Says hello with this plugin; the greeting and what answers. */
  async function hello(client: RawClient, authPlugin: string, authResponse: Buffer) {
    const greeting = decodeHandshakeV10((await client.packet()) ?? Buffer.alloc(0));
    client.reply(
      encodeHandshakeResponse({
        capabilities: Capability.PROTOCOL_41 | Capability.SECURE_CONNECTION,
        maxPacketBytes: 1 << 24,
        characterSet: 45,
        user: 'app',
        authResponse,
        authPlugin,
      }),
    );
    return { greeting, answer: (await client.packet()) ?? Buffer.alloc(0) };
  }

  test.each(['dialog', 'auth_gssapi_client', plugins.native, plugins.sha2, 'no_such'])(
    'a client that begins with %s is asked for what we have',
    async (plugin) => {
      await using client = new RawClient({ port: lockstep.port });
      const { answer } = await hello(client, plugin, Buffer.alloc(0));
      // An empty answer in the greeting's own plugin is an empty password.
      const own = engine.name === 'mariadb' ? plugins.native : plugins.sha2;
      if (plugin === own) return expect(answer[0]).toBe(err);
      const { plugin: asked, authData } = decodeAuthSwitchRequest(answer);
      const sha2 = asked === plugins.sha2;
      client.reply((sha2 ? cachingSha2Scramble : nativePasswordScramble)('app', authData));
      if (sha2) expect(await client.packet()).toEqual(Buffer.of(1, 3));
      expect((await client.packet())?.[0]).toBe(ok);
    },
  );

  test('COM_CHANGE_USER may begin with any plugin; what answers it wrongly is denied', async () => {
    await using client = new RawClient({ port: lockstep.port });
    const first = await hello(client, 'dialog', Buffer.alloc(0));
    const nonce = first.greeting.authData;
    const scramble = engine.name === 'mariadb' ? nativePasswordScramble : cachingSha2Scramble;
    const finish = async (): Promise<void> => {
      client.reply(scramble('app', nonce));
      if (engine.name === 'mysql') expect(await client.packet()).toEqual(Buffer.of(1, 3));
      expect((await client.packet())?.[0]).toBe(ok);
    };
    await finish();
    const own = { user: 'app', database: '', characterSet: 45 };
    const change = encodeChangeUser({
      ...own,
      authResponse: Buffer.from('anything'),
      authPlugin: 'dialog',
    });
    client.command(change);
    const asked = decodeAuthSwitchRequest((await client.packet()) ?? Buffer.alloc(0));
    expect(asked.authData).toEqual(nonce);
    await finish();
    // As servers do, also of a plugin that the account has and of what was right for the greeting.
    const [authPlugin, authResponse] = [first.greeting.authPlugin, scramble('app', nonce)];
    client.command(encodeChangeUser({ ...own, authResponse, authPlugin }));
    const again = decodeAuthSwitchRequest((await client.packet()) ?? Buffer.alloc(0));
    expect(again.plugin).toBe(authPlugin);
    await finish();
    client.command(change);
    expect((await client.packet())?.[0]).toBe(0xfe);
    client.reply(Buffer.from('nonsense'));
    expect(decodeErr((await client.packet()) ?? Buffer.alloc(0)).errno).toBe(1045);
    if (engine.name === 'mysql') await client.ended;
  });
});

const rights = [
  'CREATE DATABASE other',
  "GRANT ALL ON app.* TO other@'%'",
  "GRANT ALL ON other.* TO other@'%'",
  "GRANT ALL ON app.* TO blank@'%'",
];

const mariadbAccounts = [
  "INSTALL SONAME 'auth_ed25519'",
  "CREATE USER other@'%' IDENTIFIED VIA ed25519 USING PASSWORD('secret')",
  "CREATE USER blank@'%'",
  ...rights,
];

const mysqlAccounts = [
  "CREATE USER other@'%' IDENTIFIED WITH sha256_password BY 'secret'",
  "CREATE USER blank@'%' IDENTIFIED BY ''",
  ...rights,
];
