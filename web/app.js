const element = (id) => document.getElementById(id);

/** A table row of texts; everything is set as text, never as markup. */
function row(cells, tag = 'td') {
  const tr = document.createElement('tr');
  for (const cell of cells) {
    const td = document.createElement(tag);
    if (cell instanceof Node) td.append(cell);
    else td.textContent = cell === null ? 'NULL' : String(cell);
    tr.append(td);
  }
  return tr;
}

async function call(method, path, body) {
  const options = body ? { body: JSON.stringify(body) } : {};
  const headers = method === 'GET' ? {} : { 'content-type': 'application/json' };
  const response = await fetch(path, {
    method,
    headers,
    body: method === 'GET' ? undefined : '{}',
    ...options,
  });
  const answer = response.status === 204 ? {} : await response.json();
  if (!response.ok) throw new Error(answer.detail ?? answer.title ?? `status ${response.status}`);
  return answer;
}

function actionButton(node) {
  const action = node.state === 'DISABLED' || node.state === 'QUARANTINED' ? 'enable' : 'drain';
  const button = document.createElement('button');
  button.textContent = action;
  button.addEventListener('click', () => {
    call('POST', `/nodes/${encodeURIComponent(node.name)}/${action}`).then(refresh, report);
  });
  return button;
}

function stateOf(node) {
  const state = document.createElement('strong');
  state.className = node.state;
  state.textContent = node.state;
  state.title = node.reason ?? '';
  return state;
}

function report(error) {
  element('answer').textContent = error.message;
}

async function refresh() {
  try {
    const status = await call('GET', '/status');
    element('summary').textContent = status.summary;
    element('nodes').replaceChildren(
      ...status.nodes.map((node) =>
        row([
          node.leader ? `${node.name} (leader)` : node.name,
          stateOf(node),
          node.position,
          node.pending,
          node.reads,
          `${node.averageMs.toFixed(2)} ms`,
          actionButton(node),
        ]),
      ),
    );
    const strategy = element('strategy');
    if (document.activeElement !== strategy) strategy.value = status.strategy;
  } catch {
    element('summary').textContent = 'No connection to the balancer; trying again …';
  }
}

async function start() {
  const { available } = await call('GET', '/strategy');
  for (const name of available) {
    const option = document.createElement('option');
    option.textContent = name;
    element('strategy').append(option);
  }
  element('strategy').addEventListener('change', (event) => {
    call('POST', `/strategy/${event.target.value}`).then(refresh, report);
  });
}

element('query').addEventListener('submit', (event) => {
  event.preventDefault();
  runQuery().then(refresh, report);
});

async function runQuery() {
  element('columns').replaceChildren();
  element('rows').replaceChildren();
  try {
    const schema = element('schema').value;
    const outcome = await call('POST', '/query', {
      sql: element('sql').value,
      ...(schema === '' ? {} : { schema }),
    });
    if (outcome.kind === 'rows') {
      element('columns').append(
        row(
          outcome.columns.map((column) => column.name),
          'th',
        ),
      );
      element('rows').append(...outcome.rows.map((values) => row(values)));
      element('answer').textContent = `${outcome.rowCount} rows from ${outcome.node}`;
    } else if (outcome.kind === 'result') {
      const place = outcome.seq === undefined ? '' : `, entry ${outcome.seq}`;
      element('answer').textContent = `${outcome.affectedRows} rows affected on every node${place}`;
    } else element('answer').textContent = `accepted as ${outcome.id}`;
  } catch (error) {
    report(error);
  }
}

const events = new EventSource('/events');
events.addEventListener('message', show);
const kinds = ['node_state_changed', 'leader_changed', 'replay_started', 'replay_finished'];
kinds.push('divergence', 'strategy_changed', 'refused_statement', 'log_warning', 'started');
for (const kind of kinds) events.addEventListener(kind, show);

function show(event) {
  const item = document.createElement('li');
  item.textContent = event.data;
  element('events').prepend(item);
  while (element('events').children.length > 200) element('events').lastChild.remove();
  void refresh();
}

start().catch(report);
void refresh();
setInterval(refresh, 1000);
