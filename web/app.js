const element = (id) => document.getElementById(id);

/** An element with text or other elements in it; everything is set as text, never as markup. */
function make(tag, content, properties = {}) {
  const made = Object.assign(document.createElement(tag), properties);
  for (const part of [content].flat()) {
    made.append(part instanceof Node ? part : part === null ? 'NULL' : String(part));
  }
  return made;
}

const row = (cells, tag = 'td') =>
  make(
    'tr',
    cells.map((cell) => make(tag, cell)),
  );

async function call(method, path, body = {}) {
  const request =
    method === 'GET'
      ? { method }
      : {
          method,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        };
  const response = await fetch(path, request);
  const answer = response.status === 204 ? {} : await response.json();
  if (!response.ok) throw new Error(answer.detail ?? answer.title ?? `status ${response.status}`);
  return answer;
}

const report = (error) => {
  element('answer').textContent = error.message;
};

/** What each action would cost, asked before it is done; the others ask nothing. */
const consequences = {
  resync: (name) => `Everything on ${name} is replaced by a copy of a node in sync.`,
  kill: (name) => `The server of ${name} is killed as a crash would (kill -9).`,
};

function actionButton(label, name, path) {
  const act = () => {
    const consequence = consequences[label]?.(name);
    if (consequence && !confirm(`${consequence} Go on?`)) return;
    call('POST', path).then(refresh, report);
  };
  return make('button', label, { type: 'button', title: `${label} ${name}`, onclick: act });
}

const operatorActions = {
  UP: ['drain', 'disable'],
  LAGGING: ['drain', 'disable'],
  DOWN: ['disable'],
  RECOVERING: ['disable'],
  JOINING: ['disable'],
  RESYNCING: ['disable'],
  DISABLED: ['enable', 'resync'],
  QUARANTINED: ['resync'],
};

/** The demo's servers by name; empty where Lockstep runs no servers itself. */
let demoServers = new Map();

function actionsOf({ name, state }) {
  const path = encodeURIComponent(name);
  return [
    ...(operatorActions[state] ?? []).map((action) =>
      actionButton(action, name, `/nodes/${path}/${action}`),
    ),
    ...(demoServers.get(name)?.actions ?? []).map((action) =>
      actionButton(action, name, `/demo/nodes/${path}/${action}`),
    ),
  ];
}

let logShown;

function pendingCell({ name, pending }) {
  const show = () => {
    logShown = name;
    void refreshLog();
  };
  return make('button', pending, { type: 'button', title: `Pending of ${name}`, onclick: show });
}

const stateCell = ({ state, reason }) =>
  make('strong', state, { className: state, title: reason ?? '' });

/** Rows are replaced only when they differ, so that a button keeps the focus. */
function replaceRows(id, shown, rows) {
  const body = element(id);
  const now = JSON.stringify(shown);
  if (body.dataset.shown === now) return;
  body.dataset.shown = now;
  body.replaceChildren(...rows());
}

async function refresh() {
  try {
    const [status, demo] = await Promise.all([call('GET', '/status'), demoNodes()]);
    demoServers = new Map(demo.map((server) => [server.name, server]));
    element('summary').textContent = status.summary;
    replaceRows('nodes', [status.nodes, demo], () =>
      status.nodes.map((node) =>
        row([
          node.leader ? `${node.name} (leader)` : node.name,
          stateCell(node),
          node.position,
          pendingCell(node),
          node.reads,
          `${node.averageMs.toFixed(2)} ms`,
          actionsOf(node),
        ]),
      ),
    );
    const strategy = element('strategy');
    if (document.activeElement !== strategy) strategy.value = status.strategy;
    await refreshLog();
  } catch {
    element('summary').textContent = 'No connection to the balancer; trying again …';
  }
}

let isDemo = true;

async function demoNodes() {
  if (!isDemo) return [];
  const response = await fetch('/demo/nodes');
  isDemo = response.status !== 404;
  return response.ok ? response.json() : [];
}

async function refreshLog() {
  if (logShown === undefined) return;
  const { entries, pending } = await call(
    'GET',
    `/nodes/${encodeURIComponent(logShown)}/log?limit=50`,
  );
  element('log-title').textContent = `Command log of ${logShown}: ${pending} pending`;
  replaceRows('log', entries, () =>
    entries.map(({ seq, at, commands }) =>
      row([seq, new Date(at).toLocaleTimeString(), commands.map(({ sql }) => sql).join('; ')]),
    ),
  );
  element('log-section').hidden = false;
}

async function start() {
  const { available } = await call('GET', '/strategy');
  element('strategy').append(...available.map((name) => make('option', name)));
  element('strategy').addEventListener('change', (event) => {
    call('POST', `/strategy/${event.target.value}`).then(refresh, report);
  });
  await refresh();
  element('examples').hidden = demoServers.size === 0;
}

const examples = {
  SELECT: 'SELECT * FROM users ORDER BY id DESC LIMIT 10',
  INSERT: "INSERT INTO users (name, email) VALUES ('Ada', CONCAT(UUID_SHORT(), '@example.org'))",
  UPDATE: "UPDATE users SET name = CONCAT(name, '!') WHERE id = 1",
  DELETE: 'DELETE FROM users WHERE id = 2',
};
for (const [label, sql] of Object.entries(examples)) {
  const fill = () => {
    element('sql').value = sql;
  };
  element('examples').append(make('button', label, { type: 'button', onclick: fill }));
}

element('query').addEventListener('submit', (event) => {
  event.preventDefault();
  runQuery().then(refresh, report);
});

async function runQuery() {
  element('columns').replaceChildren();
  element('rows').replaceChildren();
  element('answer').textContent = 'Running …';
  const schema = element('schema').value;
  const sql = element('sql').value;
  const outcome = await call('POST', '/query', schema === '' ? { sql } : { sql, schema });
  if (outcome.kind === 'rows') {
    const names = outcome.columns.map((column) => column.name);
    element('columns').append(row(names, 'th'));
    element('rows').append(...outcome.rows.map((values) => row(values)));
    element('answer').textContent = `${outcome.rowCount} rows from ${outcome.node}`;
  } else if (outcome.kind === 'result') {
    const place = outcome.seq === undefined ? '' : `, entry ${outcome.seq}`;
    element('answer').textContent = `${outcome.affectedRows} rows affected on every node${place}`;
  } else element('answer').textContent = `accepted as ${outcome.id}`;
}

const events = new EventSource('/events');
const kinds = [
  'started stopping node_state_changed leader_changed node_busy answer_lost',
  'replay_started replay_finished',
  'recovery_failed divergence resync_started resync_finished resync_failed resync_warning',
  'node_added node_removed members_warning',
  'strategy_changed node_settings_warning refused_statement',
  'log_warning log_unavailable log_available log_truncated log_space_low log_space_ok',
  'place_given_up verify_started verify_finished verify_failed verify_difference verify_repaired',
];
for (const kind of kinds.join(' ').split(' ')) events.addEventListener(kind, showEvent);

function showEvent(event) {
  const { at, kind, id: _, ...facts } = JSON.parse(event.data);
  const text = Object.entries(facts).map(([name, value]) => `${name}: ${value}`);
  const time = new Date(at).toLocaleTimeString();
  element('events').prepend(make('li', `${time}  ${kind}  ${text.join(', ')}`));
  while (element('events').children.length > 200) element('events').lastChild.remove();
  void refresh();
}

start().catch(report);
setInterval(() => void refresh(), 1000);
