import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Capability } from '../../src/protocol/capabilities.ts';
import { CommandByte } from '../../src/protocol/commands.ts';
import { decodeErr } from '../../src/protocol/err-packet.ts';
import { encodeStmtBulkExecute } from '../../src/protocol/testing/bulk-packet.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { BulkClient } from '../support/bulk-client.ts';
import { int, text } from '../support/bulk-rows.ts';
import { engines, startServers, type TestServers } from '../support/cluster.ts';
import { CommandClient } from '../support/command-client.ts';

describe.each(engines())('packets of bulk executions, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 1 });
    lockstep = await startBalancer(servers);
  });
  afterAll(async () => {
    await lockstep?.close();
    await servers?.close();
  });

  test('those who have not agreed on it get an error, and go on', async () => {
    const capabilities = Capability.CONNECT_WITH_DB;
    await using one = await CommandClient.connect(lockstep.port, { database: 'app', capabilities });
    const none = Buffer.from('010000008000', 'hex');
    const answer = await one.command(CommandByte.STMT_BULK_EXECUTE, none);
    expect(decodeErr(answer).errno).toBe(engine.name === 'mysql' ? 1047 : 1295);
    expect((await one.query('DO 1'))[0]?.[0]).toBe(0);
  });

  test('what is not right gets the errors of a server, and no effect', async (context) => {
    if (engine.name === 'mysql') return context.skip('MySQL has no such command');
    await using one = await BulkClient.connect(lockstep.port);
    await one.commands.query('CREATE TABLE b (u INT PRIMARY KEY, v VARCHAR(5))');
    const statementId = await one.prepare('INSERT INTO b (u, v) VALUES (?, ?)');
    const rows = [
      [int(1), text('a')],
      [int(2), text('b')],
    ];
    const sent = (flags = 128): Buffer => encodeStmtBulkExecute({ statementId, rows, flags });
    const errnoOf = async (payload: Buffer): Promise<number | undefined> => {
      const told = await one.execute(payload);
      return 'errno' in told ? told.errno : undefined;
    };
    // No types, and none from before.
    expect(await errnoOf(sent(0))).toBe(1210);
    for (const flags of [128 + 64, 128 + 1, 64]) expect(await errnoOf(sent(flags))).toBe(1295);
    // The last value is missing.
    expect(await errnoOf(sent().subarray(0, -3))).toBe(1210);
    const wrong = sent();
    const firstIndicatorAt = 11;
    wrong[firstIndicatorAt] = 9;
    expect(await errnoOf(wrong)).toBe(1210);
    expect(await errnoOf(sent().subarray(0, firstIndicatorAt))).toBe(1210);
    for (const length of [3, 8]) expect(await errnoOf(sent().subarray(0, length))).toBe(1835);
    const ahead = Buffer.alloc(6);
    ahead.writeUInt32LE(statementId);
    one.commands.tell(CommandByte.STMT_SEND_LONG_DATA, Buffer.concat([ahead, Buffer.from('v')]));
    expect(await errnoOf(sent())).toBe(1210);
    // By now its types are known.
    expect(await one.execute(sent(0))).toMatchObject({ affected: '2' });
    // The statement prepared last, whose id the client need not know.
    const last = encodeStmtBulkExecute({ statementId: 0xffff_ffff, rows: [[int(9), text('l')]] });
    expect(await one.execute(last)).toMatchObject({ affected: '1' });
    last.writeUInt32LE(7777, 1);
    expect(await errnoOf(last)).toBe(1243);
  });
});
