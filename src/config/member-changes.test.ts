import { describe, expect, test } from 'vitest';
import { nodeName } from '../base/brands.ts';
import type { NodeConfig } from './config.ts';
import { changesText, membersOf, withChange } from './member-changes.ts';

const node = (name: string, port: number): NodeConfig => ({
  name: nodeName(name),
  host: '127.0.0.1',
  port,
  user: 'app',
  password: `secret of ${name}`,
  weight: 1,
});
const [one, two, three] = [node('mysql1', 3307), node('mysql2', 3308), node('mysql3', 3309)];
const removed = (name: string) => ({ name: nodeName(name), node: null });
const set = (config: NodeConfig) => ({ name: config.name, node: config });

describe('changes of membership made while running', () => {
  test('hold as long as the configuration stays as it was', () => {
    let changes = withChange([one, two], [], set(three));
    changes = withChange([one, two], changes, removed('mysql1'));
    changes = withChange([one, two], changes, set(node('mysql2', 4000)));
    const members = membersOf([one, two], changes);
    expect(members.nodes).toEqual([node('mysql2', 4000), three]);
    expect(members.changes).toEqual(changes);
    expect(members.overruled).toEqual([]);
  });

  test('are none once they lead back to the configuration', () => {
    const changes = withChange([one, two], [], removed('mysql2'));
    expect(withChange([one, two], changes, set(two))).toEqual([]);
    const added = withChange([one], [], set(two));
    expect(withChange([one], added, removed('mysql2'))).toEqual([]);
  });

  test('a node that the configuration names too is taken from there', () => {
    const changes = withChange([one], [], set(two));
    const rewritten = { ...two, password: 'another' };
    const members = membersOf([one, rewritten], changes);
    expect(members.nodes).toEqual([one, rewritten]);
    expect(members.overruled).toEqual(['mysql2']);
  });

  test('a name that the configuration has moved since is where the configuration says', () => {
    const changes = withChange([one, two], [], removed('mysql2'));
    expect(membersOf([one, node('mysql2', 4000)], changes).nodes).toEqual([
      one,
      node('mysql2', 4000),
    ]);
  });

  test('a removed node that is gone from the configuration too is just gone', () => {
    const changes = withChange([one, two], [], removed('mysql2'));
    const members = membersOf([one], changes);
    expect(members.nodes).toEqual([one]);
    expect(members.changes).toEqual([]);
  });

  test('no server is in it under two names', () => {
    const changes = withChange([one], [], set(node('mysql9', 3308)));
    const members = membersOf([one, two], changes);
    expect(members.nodes).toEqual([one, two]);
    expect(members.overruled).toEqual(['mysql9']);
  });

  test('a name may take over the address of one that was removed', () => {
    let changes = withChange([one, two], [], removed('mysql2'));
    changes = withChange([one, two], changes, set(node('mysql5', 3308)));
    expect(membersOf([one, two], changes).nodes).toEqual([one, node('mysql5', 3308)]);
  });

  test('are told without passwords', () => {
    let changes = withChange([one, two], [], removed('mysql1'));
    changes = withChange([one, two], changes, set(three));
    changes = withChange([one, two], changes, set(node('mysql2', 4000)));
    expect(changesText(changes)).toBe(
      'mysql1 was removed, mysql3 (127.0.0.1:3309) was added, mysql2 is now 127.0.0.1:4000',
    );
  });
});
