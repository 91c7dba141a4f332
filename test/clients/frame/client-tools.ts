import { findEngine, type EngineName } from '../../../src/demo/engine.ts';
import type { Program } from './run-program.ts';
import type { Target } from './suite.ts';

/** Whose tools: MySQL's own no longer know the one password plugin that MariaDB 10.11 offers. */
export function toolFamiliesFor({ engine }: Target): readonly EngineName[] {
  return engine === 'mariadb' ? ['mariadb'] : ['mariadb', 'mysql'];
}

/** A tool as MariaDB or MySQL ships it, such as `dump`; '' is the client. */
export function toolOf(family: EngineName, tool: string, argv: readonly string[]): Program {
  const dash = tool === '' || family === 'mysql' ? '' : '-';
  const name = `${family}${dash}${tool}`;
  const command = findEngine(family)?.tool(name, ['--no-defaults', ...argv]);
  if (!command) throw new Error(`there is no ${name} on this machine`);
  return command;
}
