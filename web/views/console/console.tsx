import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState, useSyncExternalStore } from 'react';
import { useMe } from '../../data/me.ts';
import { useDemoNodes, useStatus } from '../../data/queries.ts';
import { Button } from '../../parts/button.tsx';
import { Login } from '../login/login.tsx';
import { consoleStore, faultPlace } from './console-store.ts';
import { Editor } from './editor.tsx';
import { HistoryMenu } from './history-menu.tsx';
import { OutcomeView } from './outcome-view.tsx';
import { SideBySide } from './side-by-side.tsx';
import type { SqlEditor } from './sql-editor.ts';
import { isDefinition, isRead } from './statements.ts';
import { useNames } from './use-names.ts';

const limits = [100, 1_000, 10_000, 100_000] as const;
const schemaKey = 'lockstep.console.schema';

/** Statements that make sense in the demo's table. */
const readyMade = {
  SELECT: 'SELECT * FROM users ORDER BY id DESC LIMIT 10;',
  INSERT: "INSERT INTO users (name, email) VALUES ('Ada', CONCAT(UUID_SHORT(), '@example.org'));",
  UPDATE: "UPDATE users SET name = CONCAT(LEFT(name, 90), '!') WHERE id = 1;",
  DELETE: 'DELETE FROM users WHERE id = 2;',
} as const;

interface Choice {
  readonly schema: string;
  readonly limit: number;
  /** '' through the balancer, '*' on every node by itself, or a node's name. */
  readonly target: string;
}

/** The SQL console: where accounts are configured, as a database user who is asked for first. */
export function Console() {
  const { data: me, refetch } = useMe();
  if (me !== undefined && !me.open && me.sqlUser === undefined) {
    return (
      <Login
        title="Log in to the database"
        path="/sql-login"
        nameField="user"
        hint="SQL runs with the rights of a database user, not with those of the balancer."
        onDone={() => void refetch()}
      />
    );
  }
  return <Workbench user={me?.sqlUser} />;
}

function Workbench({ user }: { readonly user: string | undefined }) {
  const state = useSyncExternalStore(consoleStore.subscribe, consoleStore.snapshot);
  const nodes = useStatus().data?.nodes.map(({ name }) => name) ?? [];
  const isDemo = useDemoNodes().length > 0;
  const client = useQueryClient();
  const [choice, setChoice] = useState<Choice>(() => ({
    schema: localStorage.getItem(schemaKey) ?? 'app',
    limit: 1_000,
    target: '',
  }));
  const names = useNames(choice.schema);
  const editor = useRef<SqlEditor>(undefined);
  const run = (kind: 'run' | 'explain', limit = choice.limit) => {
    const chosen = editor.current?.chosen();
    if (chosen === undefined) return;
    const sql = kind === 'explain' ? `EXPLAIN ${chosen.sql}` : chosen.sql;
    const offset = kind === 'explain' ? chosen.offset - 'EXPLAIN '.length : chosen.offset;
    void start({ sql, offset, choice: { ...choice, limit }, nodes }).then(() => {
      if (isDefinition(sql)) void client.invalidateQueries({ queryKey: ['names'] });
      if (!isRead(sql)) void client.invalidateQueries({ queryKey: ['/status'] });
    });
  };
  const { run: ran, sides, history } = state;
  return (
    <div className="console">
      <Controls
        choice={choice}
        nodes={nodes}
        running={ran.kind === 'running'}
        onChange={setChoice}
        onRun={run}
      >
        {user === undefined ? null : <span className="muted">as {user}</span>}
        <HistoryMenu history={history} onChoose={(sql) => editor.current?.put(sql)} />
      </Controls>
      <div className="editor-box">
        <Editor
          initial={consoleStore.draft ?? (isDemo ? readyMade.SELECT : 'SELECT 1;')}
          names={names}
          fault={faultPlace(state)}
          onChange={(text) => consoleStore.keepDraft(text)}
          onRun={() => run('run')}
          onReady={(ready) => {
            editor.current = ready;
          }}
        />
      </div>
      {isDemo ? <ReadyMade onChoose={(sql) => editor.current?.put(sql)} /> : null}
      <section className="outcome" aria-label="Result">
        {sides === undefined ? (
          <OutcomeView
            run={ran}
            onMore={
              'ran' in ran && isRead(ran.ran.sql)
                ? () => {
                    const limit = choice.limit * 10;
                    setChoice({ ...choice, limit });
                    void consoleStore.run(ran.ran, { limit });
                  }
                : undefined
            }
          />
        ) : (
          <SideBySide sides={sides} />
        )}
      </section>
    </div>
  );
}

interface Start {
  readonly sql: string;
  readonly offset: number;
  readonly choice: Choice;
  readonly nodes: readonly string[];
}

function start({ sql, offset, choice, nodes }: Start): Promise<void> {
  const { schema, limit, target } = choice;
  localStorage.setItem(schemaKey, schema);
  if (target === '*') {
    return consoleStore.runOnAll({ sql, schema, offset, node: undefined }, { limit, nodes });
  }
  const node = target === '' ? undefined : target;
  return consoleStore.run({ sql, schema, offset, node }, { limit });
}

interface ControlsProps {
  readonly choice: Choice;
  readonly nodes: readonly string[];
  readonly running: boolean;
  readonly onChange: (choice: Choice) => void;
  readonly onRun: (kind: 'run' | 'explain') => void;
  readonly children: React.ReactNode;
}

function Controls({ choice, nodes, running, onChange, onRun, children }: ControlsProps) {
  return (
    <div className="toolbar">
      {running ? (
        <Button icon="close" onClick={() => consoleStore.cancel()}>
          Cancel
        </Button>
      ) : (
        <Button tone="primary" icon="play" title="Ctrl-Enter" onClick={() => onRun('run')}>
          Run
        </Button>
      )}
      <Button onClick={() => onRun('explain')}>Explain</Button>
      <select
        aria-label="Where it runs"
        value={choice.target}
        onChange={({ target }) => onChange({ ...choice, target: target.value })}
      >
        <option value="">Through the balancer</option>
        <option value="*">All nodes, side by side</option>
        {nodes.map((name) => (
          <option key={name} value={name}>
            On {name} alone
          </option>
        ))}
      </select>
      <label className="field">
        <span className="muted">Schema</span>
        <input
          className="schema"
          value={choice.schema}
          spellCheck={false}
          onChange={({ target }) => onChange({ ...choice, schema: target.value.trim() })}
        />
      </label>
      <label className="field">
        <span className="muted">Rows</span>
        <select
          value={choice.limit}
          onChange={({ target }) => onChange({ ...choice, limit: Number(target.value) })}
        >
          {[...new Set([...limits, choice.limit])].map((limit) => (
            <option key={limit} value={limit}>
              {limit.toLocaleString('en')}
            </option>
          ))}
        </select>
      </label>
      {children}
    </div>
  );
}

function ReadyMade({ onChoose }: { readonly onChoose: (sql: string) => void }) {
  return (
    <div className="ready-made">
      <span className="muted">For the demo:</span>
      {Object.entries(readyMade).map(([name, sql]) => (
        <Button key={name} small title={sql} onClick={() => onChoose(sql)}>
          {name}
        </Button>
      ))}
    </div>
  );
}
