export interface DemoCard {
  readonly version: string;
  readonly serverCount: number;
  /** E.g. `mariadb 10.11.19`. */
  readonly server: string;
  /** The command-line client of that server: `mariadb` or `mysql`. */
  readonly client: string;
  readonly port: number;
  readonly httpPort: number;
  readonly folder: string;
  /** How this program was started, e.g. `npx lockstep`. */
  readonly command: string;
}

const httpPortDefault = 8000;

/** What somebody needs to know when the demo runs, on less than a screen. */
export function demoCard(card: DemoCard): string {
  const { client, port, httpPort, command } = card;
  const url = httpPort === httpPortDefault ? '' : ` --url http://127.0.0.1:${httpPort}`;
  const lines: readonly (readonly [head: string, text: string])[] = [
    ['connect', `${client} --protocol=tcp -h 127.0.0.1 -P ${port} -u app -papp app`],
    ['', `mysql://app:app@127.0.0.1:${port}/app`],
    ['page', `http://127.0.0.1:${httpPort}/`],
    ['nodes', `${command}${url} nodes`],
    ['stop one', `${command}${url} demo stop mysql2      (or kill, pause)`],
    ['start it', `${command}${url} demo start mysql2     (after a pause: resume)`],
    ['data', card.folder],
    ['end', 'ctrl-C'],
  ];
  return [
    '',
    `Lockstep ${card.version} stands before ${card.serverCount} servers (${card.server}).`,
    '',
    ...lines.map(([head, text]) => `  ${head.padEnd(9)} ${text}`),
    '',
  ].join('\n');
}
