import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LockstepError } from '../base/errors.ts';
import { defaultConfig } from './config.ts';
import { configFromNodes, loadConfig, type LoadConfigOptions } from './load-config.ts';

const oneNode = 'nodes: [{name: mysql1, host: h1, user: app}]\n';

const load = (text: string, options?: LoadConfigOptions) =>
  loadConfig(text, 'lockstep.yaml', options);

/** The lines of the error, each without the file's name. */
function problemsOf(text: string, options?: LoadConfigOptions): string[] {
  try {
    load(text, options);
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    expect(error.code).toBe('config_invalid');
    return error.message.split('\n').map((line) => {
      expect(line).toMatch(/^lockstep\.yaml:\d+:\d+: /);
      return line.slice('lockstep.yaml:'.length);
    });
  }
  throw new Error('the configuration was accepted');
}

describe('what is accepted', () => {
  test('nodes alone, all else at its default', () => {
    expect(load(oneNode)).toEqual({
      ...defaultConfig,
      nodes: [{ name: 'mysql1', host: 'h1', port: 3306, user: 'app', password: '', weight: 1 }],
    });
  });

  test('a file that sets much', () => {
    const config = load(`
mysql: {host: 0.0.0.0, port: 0}
http:
  enabled: false
nodes:
  - name: mysql1
    host: 10.0.0.1
    port: 3307
    user: app
    password: 0123
    schema: shop
    weight: 3
  - mysql2=mysql://app:p%40ss@10.0.0.2/shop
users:
  - {name: app, password: "yes"}
strategy: round_robin
consistency: strong
acks: quorum
sync_timeout: 250ms
min_in_sync: 2
queue_when_down: true
health: {interval: 1.5s, rise: 3}
log: {folder: /var/lib/lockstep, segment_bytes: 1GB}
limits: {packet_bytes: 1048576}
tls: {mode: required, key_file: key.pem, cert_file: cert.pem}
log_level: debug
`);
    expect(config).toMatchObject({
      mysql: { host: '0.0.0.0', port: 0 },
      http: { host: '127.0.0.1', port: 8000, enabled: false },
      nodes: [
        { name: 'mysql1', port: 3307, password: '0123', schema: 'shop', weight: 3 },
        { name: 'mysql2', host: '10.0.0.2', port: 3306, password: 'p@ss', schema: 'shop' },
      ],
      users: [{ name: 'app', password: 'yes' }],
      strategy: 'round_robin',
      consistency: 'strong',
      acks: 'quorum',
      syncTimeoutMs: 250,
      minInSync: 2,
      queueWhenDown: true,
      health: { intervalMs: 1500, timeoutMs: 2000, rise: 3 },
      log: { folder: '/var/lib/lockstep', segmentBytes: 1024 ** 3 },
      limits: { packetBytes: 1024 ** 2 },
      tls: { mode: 'required', keyFile: 'key.pem', certFile: 'cert.pem' },
      logLevel: 'debug',
    });
  });

  test('an empty group is the same as none, and anchors work', () => {
    const config =
      load(`health:\nnodes:\n  - &a {name: a, host: h, user: u}\nmysql: {host: &h 127.0.0.9}
http: {host: *h}\n`);
    expect(config.health).toEqual(defaultConfig.health);
    expect(config.http.host).toBe('127.0.0.9');
  });

  test('paths are relative to the folder of the file', () => {
    const config = loadConfig(`${oneNode}log: {folder: data}`, '/etc/lockstep/lockstep.yaml');
    expect(config.log.folder).toBe('/etc/lockstep/data');
  });
});

describe('what is refused, where and why', () => {
  test.each<[string, string, string]>([
    [
      'an unknown key',
      `${oneNode}stratgy: x`,
      '2:1: unknown key "stratgy" (did you mean "strategy"?)',
    ],
    [
      'an unknown key in a group',
      `${oneNode}mysql:\n  prot: 1`,
      '3:3: unknown key "prot" in mysql',
    ],
    ['a key of the code', `${oneNode}syncTimeoutMs: 1s`, '2:1: unknown key "syncTimeoutMs"'],
    [
      'a wrong choice',
      `${oneNode}acks: al`,
      '2:7: acks: "al" is not a choice (did you mean "all"?); expected one of all, quorum, leader',
    ],
    [
      'a port too high',
      `${oneNode}http: {port: 65536}`,
      '2:14: http.port: "65536" is out of range; expected a whole number from 0 to 65535',
    ],
    [
      'a port of a node',
      'nodes: [{name: a, host: h, user: u, port: 0}]',
      '1:43: nodes[0].port: "0" is out of range; expected a whole number from 1 to 65535',
    ],
    ['a port that is text', `${oneNode}mysql: {port: "3300"}`, '"3300" is not a whole number'],
    ['a fraction', `${oneNode}min_in_sync: 1.5`, '"1.5" is not a whole number'],
    [
      'a duration without unit',
      `${oneNode}sync_timeout: 5`,
      '2:15: sync_timeout: "5" is not a duration; expected a duration such as',
    ],
    ['a duration too short', `${oneNode}health: {interval: 1ms}`, 'from 100ms to 1h'],
    ['a size that is none', `${oneNode}limits: {packet_bytes: big}`, 'expected a size such as'],
    [
      'yes for true',
      `${oneNode}queue_when_down: yes`,
      '2:18: queue_when_down: "yes" is neither; expected true or false',
    ],
    [
      'a key without value',
      `${oneNode}strategy:`,
      'strategy: has no value; expected one of round_robin',
    ],
    ['a mapping for text', `${oneNode}mysql: {host: {a: 1}}`, 'mysql.host: "{…}" is not text'],
    ['a value for a group', `${oneNode}mysql: 3300`, '2:8: mysql: is not a mapping'],
    ['a value for a list', 'nodes: mysql1', '1:8: nodes: is not a sequence'],
    ['no nodes', 'acks: all', 'nodes: has 0 items; expected 1 to 64'],
    ['an empty file', '', '1:1: nodes: has 0 items'],
    ['a list for all', '- 1', '1:1: the configuration: is not a mapping'],
    ['a missing key', 'nodes:\n  - name: a\n    user: u\n', '2:5: nodes[0].host: is required'],
    [
      'a name with a space',
      'nodes: [{name: a b, host: h, user: u}]',
      'nodes[0].name: "a b" is not allowed; expected up to 64 letters',
    ],
    [
      'an item that is a number',
      'nodes: [5]',
      'nodes[0]: is not a mapping; expected a mapping or name=mysql://',
    ],
    [
      'a wrong node in one line',
      'nodes:\n  - a=mysql://u:p@h?weight=0',
      '2:5: nodes[0]: weight: "0" is out of range',
    ],
    ['a key twice', `${oneNode}acks: all\nacks: all`, '3:1: Map keys must be unique'],
    ['broken YAML', 'nodes: [', '1:9: '],
    ['an unresolved alias', `${oneNode}acks: *x`, '2:7: '],
    [
      'min_in_sync above the nodes',
      `${oneNode}min_in_sync: 2`,
      '2:14: min_in_sync: 2 nodes can never be in sync; there are only 1',
    ],
    [
      'one port for both',
      `${oneNode}http: {port: 3300}`,
      '2:14: http.port: 3300 is already mysql.port',
    ],
    [
      'a certificate without key',
      `${oneNode}tls: {cert_file: c.pem}`,
      '2:6: tls.key_file: is required',
    ],
    [
      'less log than two segments for nodes that are away',
      `${oneNode}log: {retention_bytes: 100MB}`,
      '2:24: log.retention_bytes: must be at least twice log.segment_bytes (64MB)',
    ],
    [
      'more log kept than there may be',
      `${oneNode}log: {keep_bytes: 11GB}`,
      '2:19: log.keep_bytes: cannot be more than log.retention_bytes (10GB)',
    ],
    [
      'two users of one name',
      `${oneNode}users: [{name: a}, {name: a}]`,
      '2:27: users[1].name: "a" is already users[0]',
    ],
  ])('%s', (_, text, message) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });

  test('two nodes of one name, and two of one address', () => {
    const text = `nodes:
  - {name: a, host: h, user: u}
  - {name: b, host: H, port: 3306, user: u}
  - a=mysql://u@h:3307`;
    expect(problemsOf(text)).toEqual([
      '3:5: nodes[1]: h:3306 is already nodes[0]; each node is a server of its own',
      '4:5: nodes[2].name: "a" is already the name of nodes[0]; node names are unique',
    ]);
  });

  test('everything at once, in the order of the file', () => {
    const text = `acks: none
nodes:
  - name: a
    host: h
    prot: 5
health: {rise: 0}
`;
    expect(problemsOf(text).map((problem) => problem.split(': ', 2).join(': '))).toEqual([
      '1:7: acks',
      '3:5: nodes[0].user',
      '5:5: unknown key "prot" in nodes[0] (did you mean "port"?); allowed',
      '6:16: health.rise',
    ]);
  });
});

test('networks that are none are named', () => {
  const text = `${oneNode}mysql: {proxy_protocol_networks: here}`;
  expect(problemsOf(text)[0]).toContain('mysql.proxy_protocol_networks: "here" is no list of');
});

describe('users', () => {
  test('a word stands for those of the nodes', () => {
    expect(load(`${oneNode}users: from_nodes`).users).toBe('from_nodes');
  });

  test('another word does not', () => {
    expect(problemsOf(`${oneNode}users: from_node`)[0]).toContain(
      'users: is not a sequence; expected "from_nodes" or a sequence',
    );
  });
});

describe('passwords outside the file', () => {
  const node = (lines: string) => `nodes:\n  - name: a\n    host: h\n    user: u\n    ${lines}\n`;

  test('from a file beside the configuration, without its last newline', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lockstep-config-'));
    try {
      writeFileSync(join(folder, 'pw'), 'two\nlines\n');
      const config = loadConfig(node('password_file: pw'), join(folder, 'lockstep.yaml'));
      expect(config.nodes[0]?.password).toBe('two\nlines');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('from the environment, for a user too', () => {
    const text = `${oneNode}users: [{name: u, password_env: APP_PASSWORD}]`;
    const config = load(text, { env: { APP_PASSWORD: 's3cret' } });
    expect(config.users).toEqual([{ name: 'u', password: 's3cret' }]);
  });

  test('a file that cannot be read', () => {
    expect(problemsOf(node('password_file: /nowhere/pw'))[0]).toMatch(
      /^5:20: nodes\[0\]\.password_file: cannot read \/nowhere\/pw \(ENOENT/,
    );
  });

  test('a variable that is not set', () => {
    expect(problemsOf(node('password_env: NOPE'), { env: {} })).toEqual([
      '5:19: nodes[0].password_env: the environment variable NOPE is not set; ' +
        'expected the name of one that is',
    ]);
  });

  test('two of the three at once', () => {
    const problems = problemsOf(node('password: x\n    password_env: NOPE'));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('6:5: nodes[0].password: password and password_env are both');
  });

  test('a password that is no text is not repeated', () => {
    expect(problemsOf(node('password: true'))[0]).not.toContain('true');
  });
});

describe('nodes from the command line', () => {
  test('make a configuration', () => {
    const config = configFromNodes(['a=mysql://u@h1', 'b=mysql://u@h2']);
    expect(config).toMatchObject({ ...defaultConfig, nodes: [{ name: 'a' }, { name: 'b' }] });
  });

  test('are checked each and together', () => {
    expect(() => configFromNodes(['a=mysql://u@h1', 'b'])).toThrow(/^--node 2: has no name/);
    expect(() => configFromNodes(['a=mysql://u@h1', 'a=mysql://u@h2'])).toThrow(/unique/);
    expect(() => configFromNodes([])).toThrow(/no node is given/);
  });
});

describe('who may use HTTP', () => {
  const off = `${oneNode}http: {host: 0.0.0.0`;

  test('off loopback it takes credentials, and the message says how', () => {
    const [line] = problemsOf(`${off}}\n`);
    expect(line).toMatch(/^2:14: http\.host: "0\.0\.0\.0" can be reached from other machines/);
    expect(line).toMatch(/http\.users.*hash-password.*127\.0\.0\.1.*http\.enabled: false/);
    expect(load(`${off}, enabled: false}\n`).http.users).toEqual([]);
    const token = 't'.repeat(32);
    const { http } = load(`${off}, tokens: [{name: ci, role: admin, token: ${token}}]}\n`);
    expect(http.tokens).toEqual([{ name: 'ci', role: 'admin', token }]);
  });

  test('what is too short, no whole hash, or named twice is refused', () => {
    const text = `${oneNode}http:
  users:
    - {name: ada, password: short}
    - {name: ada, password: $scrypt$ln=15}
  tokens:
    - {name: ci, token: short}
    - {name: ada, token: "sha256:abc"}
`;
    expect(problemsOf(text).map((line) => line.replace(/^\d+:\d+: http\./, ''))).toEqual([
      'users[0].password: must have 8 characters or more, or be a hash',
      expect.stringMatching(/^users\[1\]\.name: "ada" is already http\.users\[0\]\.name/),
      expect.stringMatching(/^users\[1\]\.password: is no whole hash/),
      'tokens[0].token: must have 32 characters or more, or be a hash',
      expect.stringMatching(/^tokens\[1\]\.name: "ada" is already http\.users\[0\]\.name/),
      expect.stringMatching(/^tokens\[1\]\.token: is no whole hash/),
    ]);
  });
});
