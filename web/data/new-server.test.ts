import { expect, test } from 'vitest';
import { ProblemError } from './api.ts';
import { changeFor, emptyServer, errorsOf, refusalOf } from './new-server.ts';

const nodes = [{ name: 'mysql1', address: '10.0.0.1:3306' }];
const server = { ...emptyServer, name: 'mysql2', host: '10.0.0.2', user: 'lockstep' };

test('says at each field what is wrong with it', () => {
  expect(errorsOf(server, nodes)).toEqual({});
  expect(Object.keys(errorsOf(emptyServer, nodes)).toSorted()).toEqual(['host', 'name', 'user']);
  const taken = { ...server, name: 'mysql1', host: '10.0.0.1', port: '3306' };
  expect(errorsOf(taken, nodes)).toEqual({
    name: 'There is a node named mysql1 already.',
    host: '10.0.0.1:3306 is the server of mysql1.',
  });
  const wrong = { ...server, name: 'my sql', host: 'a/b', port: '65536', weight: '0' };
  expect(Object.keys(errorsOf(wrong, nodes)).toSorted()).toEqual([
    ...['host', 'name', 'port', 'weight'],
  ]);
});

test('a server that replaces a node has its name', () => {
  expect(errorsOf({ ...server, name: '' }, nodes, 'mysql1')).toEqual({});
});

test('is asked for by an address without the password', () => {
  const odd = { ...server, user: 'a@b', password: 'p/w', host: '::1', schema: 'a b' };
  expect(changeFor({ ...odd, tls: 'required', resync: true })).toEqual({
    method: 'POST',
    path: '/nodes',
    body: {
      name: 'mysql2',
      url: 'mysql://a%40b@[::1]:3306/a%20b?weight=1&tls=required',
      password: 'p/w',
      resync: true,
    },
  });
  expect(changeFor({ ...server, force: true }, 'mysql1')).toEqual({
    method: 'PUT',
    path: '/nodes/mysql1',
    body: { url: 'mysql://lockstep@10.0.0.2:3306/?weight=1', password: '', force: true },
  });
});

test('what the balancer refuses is told where it can be mended', () => {
  const refused = (field?: string) =>
    new ProblemError({
      ...{ status: 400, code: 'bad_request', message: 'there is a node named so' },
      ...(field === undefined ? {} : { field }),
    });
  expect(refusalOf(refused('url'))).toEqual({ host: 'There is a node named so' });
  expect(refusalOf(refused('password'))).toHaveProperty('password');
  expect(refusalOf(refused('new'))).toEqual({});
  expect(refusalOf(refused())).toEqual({});
  expect(refusalOf(new TypeError('away'))).toEqual({});
});
