const element = (id) => document.getElementById(id);
const pageSize = 50;
let shown = pageSize;

async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const answer = response.status === 204 ? undefined : await response.json();
  if (!response.ok) throw new Error(answer?.error ?? `status ${response.status}`);
  return answer;
}

async function refresh() {
  const [{ count, users }, { changes }] = await Promise.all([
    call('GET', `/api/users?limit=${Math.min(shown, 200)}`),
    call('GET', '/api/history'),
  ]);
  element('count').textContent = count === 1 ? 'one user' : `${count} users`;
  element('users').replaceChildren(...users.map(rowOf));
  element('more').hidden = count <= users.length || shown >= 200;
  element('history').replaceChildren(
    ...changes.map(({ at, userId, what }) => item(`${at}: user ${userId} ${what}`)),
  );
}

function rowOf({ id, name, email }) {
  const row = document.createElement('tr');
  for (const text of [id, name, email]) row.insertCell().textContent = text;
  const actions = row.insertCell();
  actions.append(
    button('Rename', `Rename ${name}`, async () => {
      const renamed = prompt('New name', name);
      if (renamed) await act(() => call('PUT', `/api/users/${id}`, { name: renamed, email }));
    }),
    ' ',
    button('Remove', `Remove ${name}`, async () => {
      if (confirm(`Remove ${name}?`)) await act(() => call('DELETE', `/api/users/${id}`));
    }),
  );
  return row;
}

function button(text, label, onClick) {
  const made = document.createElement('button');
  made.textContent = text;
  made.setAttribute('aria-label', label);
  made.addEventListener('click', onClick);
  return made;
}

function item(text) {
  const made = document.createElement('li');
  made.textContent = text;
  return made;
}

async function act(work) {
  try {
    await work();
    element('answer').textContent = '';
  } catch (error) {
    element('answer').textContent = error.message;
  }
  await refresh();
}

element('form').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = event.target;
  void act(async () => {
    await call('POST', '/api/users', Object.fromEntries(new FormData(form)));
    form.reset();
  });
});

element('more').addEventListener('click', () => {
  shown += pageSize;
  void refresh();
});

const traffic = { timers: [], answered: 0, failed: 0, longestMs: 0, guests: [] };

element('traffic').addEventListener('click', ({ currentTarget: target }) => {
  const starts = traffic.timers.length === 0;
  target.setAttribute('aria-pressed', String(starts));
  target.textContent = starts ? 'Send them home' : 'Send visitors';
  for (const timer of traffic.timers.splice(0)) clearInterval(timer);
  if (!starts) return;
  every(200, () => visit(() => call('GET', '/api/users')));
  every(1000, () => visit(comeAndGo));
  every(1000, () => refresh().catch(() => undefined));
});

function every(ms, work) {
  traffic.timers.push(
    setInterval(() => {
      void work();
    }, ms),
  );
}

async function comeAndGo() {
  if (traffic.guests.length >= 3) return call('DELETE', `/api/users/${traffic.guests.shift()}`);
  const email = `guest-${crypto.randomUUID()}@example.com`;
  const { id } = await call('POST', '/api/users', { name: 'A guest', email });
  traffic.guests.push(id);
}

async function visit(work) {
  const begun = performance.now();
  try {
    await work();
    traffic.answered += 1;
  } catch (error) {
    traffic.failed += 1;
    element('last-failure').textContent = `${new Date().toLocaleTimeString()}: ${error.message}`;
  }
  traffic.longestMs = Math.max(traffic.longestMs, performance.now() - begun);
  element('answered').textContent = traffic.answered;
  element('failed').textContent = traffic.failed;
  element('failed').classList.toggle('bad', traffic.failed > 0);
  element('longest').textContent = `${Math.round(traffic.longestMs)} ms`;
}

await refresh();
