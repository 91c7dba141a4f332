import { resolve as absolutePath } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { SettingsChange, SettingsDiff, SettingsStatus } from '../../http/settings-control.ts';
import { counted } from '../amounts.ts';
import { callApi } from '../call-api.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import { paintFor } from '../style.ts';
import type { Terminal } from '../terminal.ts';

const path = '/config';
/** A node may have to be compared before it joins. */
const nodesDeadlineMs = 10 * 60_000;

interface Context {
  readonly terminal: Terminal;
  readonly url: () => string;
}

export function addConfig(program: Command, terminal: Terminal, url: () => string): void {
  const config = program
    .command('config')
    .description('the settings: of a file, or of the running balancer');
  const context = { terminal, url };
  addOffline(config, context);
  addReading(config, context);
  addChanging(config, context);
}

function addOffline(config: Command, { terminal, url }: Context): void {
  config
    .command('check <file>')
    .description('say all that is wrong with a configuration file; exit code 2 when something is')
    .action(async (file: string) => {
      const { givenConfig } = await import('../given-config.ts');
      const { config: read } = givenConfig({ config: file });
      terminal.say(`${file} is right: ${counted(read.nodes.length, 'nodes')}`);
    });
  config
    .command('print [file]')
    .description('every setting and where its value comes from: to read, not to start with')
    .option('--json', 'as JSON', false)
    .action(async (file: string | undefined, { json }: { json: boolean }) => {
      const settings =
        file === undefined
          ? (await callApi<SettingsStatus>(url(), { method: 'GET', path })).settings
          : await statusesOf(file);
      const { settingsText } = await texts();
      const text = json
        ? JSON.stringify(settings, null, 2)
        : settingsText(settings, paintFor(terminal));
      terminal.say(text);
    });
}

/** They read YAML, which most commands have no need of. */
const texts = () => import('../settings-text.ts');

async function statusesOf(file: string) {
  const { settingStatuses } = await import('../../config/setting-status.ts');
  const { givenConfig } = await import('../given-config.ts');
  const { config, sources } = givenConfig({ config: file });
  return settingStatuses(config, sources);
}

function addReading(config: Command, { terminal, url }: Context): void {
  config
    .command('get <path>')
    .description('the value of a setting, or of all in a group')
    .action(async (wanted: string) => {
      const { settings } = await callApi<SettingsStatus>(url(), { method: 'GET', path });
      const found = settings.filter((one) => one.path === wanted);
      const group = settings.filter((one) => one.path.startsWith(`${wanted}.`));
      if (found.length + group.length === 0) {
        throw new CliError(`there is no setting ${wanted}`, {
          remedy: '`lockstep config print` shows all.',
          exitCode: exitCodes.usage,
        });
      }
      const { valueText } = await texts();
      for (const { value } of found) terminal.say(valueText(value));
      for (const one of group) terminal.say(`${one.path}: ${valueText(one.value)}`);
    });
  config
    .command('diff')
    .description('where the file differs from what runs; exit code 1 when it does')
    .option('--json', 'as JSON', false)
    .action(async ({ json }: { json: boolean }) => {
      const diff = await callApi<SettingsDiff>(url(), { method: 'GET', path: `${path}/diff` });
      const { diffText } = await texts();
      terminal.say(json ? JSON.stringify(diff, null, 2) : diffText(diff, paintFor(terminal)));
      const isSame = diff.differences.length === 0;
      terminal.setExitCode(isSame ? exitCodes.ok : exitCodes.failed);
    });
}

function addChanging(config: Command, { terminal, url }: Context): void {
  const told = async (change: SettingsChange): Promise<void> => {
    const { changeText } = await texts();
    terminal.say(changeText(change));
    terminal.setExitCode(change.refusedCount === 0 ? exitCodes.ok : exitCodes.failed);
  };
  config
    .command('set <path=value...>')
    .description('change settings until the next restart, all or none: health.interval=2s')
    .action(async (assignments: readonly string[]) => {
      const { parse } = await import('yaml');
      const set = Object.fromEntries(assignments.map((text) => assignmentOf(text, parse)));
      const body = { set };
      const change = await callApi<SettingsChange>(url(), { method: 'PATCH', path, body });
      await told(change);
      if (change.changed.length === 0) return;
      terminal.complain('This holds until Lockstep is restarted. To keep it, write into its file:');
      const { fileLines } = await texts();
      terminal.complain(fileLines(change.changed).replaceAll(/^/gm, '  '));
    });
  config
    .command('reload')
    .description('let the balancer read its configuration file again, as on SIGHUP')
    .action(async () => {
      const call = { method: 'POST', path: `${path}/reload`, deadlineMs: nodesDeadlineMs } as const;
      await told(await callApi<SettingsChange>(url(), call));
    });
  config
    .command('apply <file>')
    .description('let the balancer take over what this file says, until the next restart')
    .action(async (file: string) => {
      const { givenConfig } = await import('../given-config.ts');
      const { fileFormOf } = await import('../../config/file-form.ts');
      // Read here, so that its secrets and paths are those of whoever asks.
      const given = givenConfig({ config: absolutePath(file) });
      const body = { text: JSON.stringify(fileFormOf(given.config)) };
      const call = { method: 'POST', path: `${path}/apply`, body } as const;
      await told(await callApi<SettingsChange>(url(), { ...call, deadlineMs: nodesDeadlineMs }));
    });
}

/** The value is read as YAML, so that numbers, true and lists are what they look like. */
function assignmentOf(text: string, parse: (yaml: string) => unknown): [string, unknown] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError(`${text}: expected path=value.`);
  const written = text.slice(equals + 1);
  try {
    return [text.slice(0, equals), written === '' ? null : parse(written)];
  } catch {
    return [text.slice(0, equals), written];
  }
}
