import type { Command } from 'commander';
import type { Examination, Finding } from '../../http/doctor-schemas.ts';
import { counted } from '../amounts.ts';
import { callApi } from '../call-api.ts';
import { exitCodes } from '../cli-error.ts';
import { type Paint, paintFor, type Tone } from '../style.ts';
import { printable } from '../table.ts';
import type { Terminal } from '../terminal.ts';

interface DoctorFlags {
  readonly config?: string;
  readonly sql: boolean;
  readonly json: boolean;
}

const deadlineMs = 60_000;

export function addDoctor(program: Command, terminal: Terminal, url: () => string): void {
  program
    .command('doctor')
    .description('look over nodes, disk and certificates; exit code 1 when something is wrong')
    .option('-c, --config <file>', 'from this file, without a running balancer')
    .option('--sql', 'only the statements that mend what was found', false)
    .option('--json', 'as JSON', false)
    .action(async ({ config, sql, json }: DoctorFlags) => {
      const call = { method: 'GET', path: '/doctor', deadlineMs } as const;
      const examination =
        config === undefined
          ? await callApi<Examination>(url(), call)
          : await (await import('../examine-file.ts')).examineFile(config);
      if (json) terminal.say(JSON.stringify(examination, null, 2));
      else if (sql) sayStatements(examination, terminal);
      else terminal.say(examinationText(examination, paintFor(terminal)));
      const isWrong = examination.findings.some(({ level }) => level === 'error');
      terminal.setExitCode(isWrong ? exitCodes.failed : exitCodes.ok);
    });
}

const signs: Readonly<Record<Finding['level'], readonly [sign: string, tone: Tone]>> = {
  ok: ['ok', 'good'],
  note: ['note', 'quiet'],
  warning: ['WARNING', 'warning'],
  error: ['ERROR', 'bad'],
};

function examinationText({ findings }: Examination, paint: Paint): string {
  const countOf = (level: Finding['level']): number =>
    findings.filter((one) => one.level === level).length;
  const [errors, warnings] = [countOf('error'), countOf('warning')];
  const verdict =
    errors + warnings === 0
      ? paint('good', 'nothing is wrong')
      : paint(
          errors > 0 ? 'bad' : 'warning',
          `${counted(errors, 'errors')}, ${counted(warnings, 'warnings')}`,
        );
  return [...together(findings).flatMap((one) => findingLines(one, paint)), '', verdict].join('\n');
}

/** What is the same of several nodes is said once, of all of them. */
function together(findings: readonly Finding[]): Finding[] {
  const found = new Map<string, Finding>();
  for (const one of findings) {
    const key = JSON.stringify({ ...one, about: '' });
    const said = found.get(key);
    found.set(key, said ? { ...said, about: `${said.about}, ${one.about}` } : one);
  }
  return [...found.values()];
}

function findingLines({ level, about, message, remedy, sql = [] }: Finding, paint: Paint) {
  const [sign, tone] = signs[level];
  return [
    `${paint(tone, sign.padEnd(7))} ${about}: ${printable(message)}`,
    ...(remedy === undefined ? [] : [`        ${remedy}`]),
    ...sql.map((statement) => `        ${paint('strong', `${statement};`)}`),
  ];
}

/** By node, so that each can be piped to its client. */
function sayStatements({ findings }: Examination, terminal: Terminal): void {
  for (const { about, sql = [] } of findings) {
    if (sql.length > 0) terminal.say(`-- ${about}`);
    for (const statement of sql) terminal.say(`${statement};`);
  }
}
