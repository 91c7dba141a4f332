import type { DependencyGraph, Edge, EdgeKind } from './dependency-graph.ts';
import type { Anomaly } from './history.ts';

const order: readonly EdgeKind[] = ['session', 'time'];
const overwrites = new Set<EdgeKind>(['ww', ...order]);
const reads = new Set<EdgeKind>(['ww', 'wr', ...order]);
const all = new Set<EdgeKind>(['ww', 'wr', 'rw', ...order]);

const shownMax = 3;

/** Cycles in the dependencies, the worst kind first, a few of each. */
export function findCycles(graph: DependencyGraph): Anomaly[] {
  const found: Anomaly[] = [];
  const explained = new Set<number>();
  const report = (kind: Anomaly['kind'], cycle: readonly Edge[] | undefined): boolean => {
    if (!cycle) return false;
    for (const { from } of cycle) explained.add(from);
    found.push({ kind, detail: graph.describe(cycle) });
    return found.filter((each) => each.kind === kind).length >= shownMax;
  };
  for (const edge of edgesInside(graph, overwrites, 'ww')) {
    if (report('G0', closeCycle(graph, edge, overwrites))) break;
  }
  for (const edge of edgesInside(graph, reads, 'wr')) {
    if (report('G1c', closeCycle(graph, edge, reads))) break;
  }
  const overwritten = edgesInside(graph, all, 'rw');
  for (const edge of overwritten) {
    if (report('G_single', closeCycle(graph, edge, reads))) break;
  }
  for (const edge of overwritten) {
    if (edge.forks) continue;
    const cycle = closeCycle(graph, edge, all);
    // A detour through a worse cycle is that one.
    if (cycle?.some(({ from }) => explained.has(from))) continue;
    if (report('G2', cycle)) break;
  }
  return found;
}

/** The edges of one kind that are part of some cycle of `kinds`. */
function edgesInside(
  graph: DependencyGraph,
  kinds: ReadonlySet<EdgeKind>,
  kind: EdgeKind,
): readonly Edge[] {
  const components = componentsOf(graph, kinds);
  const inside: Edge[] = [];
  for (let node = 0; node < graph.size; node++) {
    for (const edge of graph.from(node)) {
      if (edge.kind === kind && components[edge.from] === components[edge.to]) inside.push(edge);
    }
  }
  return inside;
}

/** The shortest cycle that begins with the edge and goes on over `kinds`. */
function closeCycle(
  graph: DependencyGraph,
  first: Edge,
  kinds: ReadonlySet<EdgeKind>,
): readonly Edge[] | undefined {
  const cameBy = new Map<number, Edge>();
  const queue = [first.to];
  for (let head = 0; head < queue.length; head++) {
    for (const edge of graph.from(queue[head] ?? 0)) {
      if (
        !kinds.has(edge.kind) ||
        (kinds === all && edge.forks) ||
        cameBy.has(edge.to) ||
        edge.to === first.to
      )
        continue;
      cameBy.set(edge.to, edge);
      queue.push(edge.to);
      if (edge.to === first.from) return [first, ...pathTo(first.from, cameBy)];
    }
  }
  return undefined;
}

function pathTo(node: number, cameBy: ReadonlyMap<number, Edge>): Edge[] {
  const path: Edge[] = [];
  for (let edge = cameBy.get(node); edge; edge = cameBy.get(edge.from)) path.unshift(edge);
  return path;
}

/** For each node a number that it shares with those it is in a cycle with (Tarjan's algorithm). */
function componentsOf(graph: DependencyGraph, kinds: ReadonlySet<EdgeKind>): Int32Array {
  const { size } = graph;
  const component = new Int32Array(size).fill(-1);
  const index = new Int32Array(size).fill(-1);
  const low = new Int32Array(size);
  const stack: number[] = [];
  let indices = 0;
  let components = 0;
  for (let root = 0; root < size; root++) {
    if (index[root] !== -1) continue;
    const path = [{ node: root, next: 0 }];
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const { node } = top;
      if (top.next === 0) {
        index[node] = low[node] = indices++;
        stack.push(node);
      }
      const edge = graph.from(node)[top.next++];
      if (edge) {
        if (!kinds.has(edge.kind)) continue;
        if (index[edge.to] === -1) path.push({ node: edge.to, next: 0 });
        else if (component[edge.to] === -1) {
          low[node] = Math.min(low[node] ?? 0, index[edge.to] ?? 0);
        }
        continue;
      }
      path.pop();
      const parent = path.at(-1)?.node;
      if (parent !== undefined) low[parent] = Math.min(low[parent] ?? 0, low[node] ?? 0);
      if (low[node] !== index[node]) continue;
      for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
        component[member] = components;
        if (member === node) break;
      }
      components++;
    }
  }
  return component;
}
