/**
 * Bugs to plant in copies of the core: each must make some seed fail, or the `scenario` of
 * `traps*.test.ts` whose name stands there, when it takes more chance than seeds have. `from` must
 * be found exactly once in the file.
 *
 * @typedef {{ name: string, file: string, from: string, to: string, scenario?: string }} Mutation
 */

const core = 'src/replication/';

/** @type {readonly Mutation[]} */
export const mutations = [
  {
    name: 'the leader commits before the entry is durable',
    file: `${core}replicator.ts`,
    from: '      await durable;\n',
    to: '      durable.catch(() => undefined);\n',
  },
  {
    name: 'a transaction that was not logged is not rolled back',
    file: `${core}replicator.ts`,
    from: "      await transaction.rollback();\n      return { kind: 'not_logged',",
    to: "      return { kind: 'not_logged',",
  },
  {
    // Either condition would do: who lost its term lost its connections too.
    name: 'a transaction of an earlier term is logged',
    file: `${core}replicator.ts`,
    from:
      "    if (!this.isCurrent(at)) return aborted('the leader changed before the commit');\n" +
      '    if (!alive) return aborted(' +
      "'the connection to the leader broke before the commit');\n",
    to: '',
  },
  {
    name: 'a COMMIT whose answer is lost counts as confirmed',
    file: `${core}replicator.ts`,
    from: "if (outcome.kind === 'unknown') {",
    to: "if (outcome.kind === 'unknown' && leader.leadership !== this.leadership) {",
  },
  {
    name: 'a node leads that lacks entries',
    file: `${core}replicator.ts`,
    from: 'if (!member.inSync || member.applier.position !== sequencer.lastDurable) continue;',
    to: 'if (!member.inSync) continue;',
  },
  {
    name: 'a node leads while entries are on their way to the log',
    file: `${core}replicator.ts`,
    from: '    if (sequencer.lastAppended !== sequencer.lastDurable) return;\n',
    to: '',
  },
  {
    name: 'a client hears OK of an entry that takes no effect',
    file: `${core}replicator.ts`,
    from: 'if (this.#void.delete(entry.seq)) {',
    to: 'if (this.#void.delete(entry.seq) && entry.seq < 0) {',
    scenario: 'a leader connection that dies alone between the last result and the append',
  },
  {
    name: 'what a leader has beyond its position is forgotten when it returns',
    file: `${core}applier.ts`,
    from: 'this.#appliedBeyond = new Set(options.appliedBeyond);',
    to: 'this.#appliedBeyond = new Set();',
  },
  {
    name: 'a failed batch is not rolled back before it is split',
    file: `${core}applier.ts`,
    from: '      this.#context = undefined;\n      await port.reset();\n      if (entries',
    to: '      this.#context = undefined;\n      if (entries',
  },
  {
    name: 'a split batch leaves out its first entry',
    file: `${core}applier.ts`,
    from: '        for (const entry of entries) {',
    to: '        for (const entry of entries.slice(1)) {',
  },
  {
    name: 'a transient error is a divergence',
    file: `${core}applier.ts`,
    from: 'if (!isTransient(outcome.errno)) {',
    to: 'if (outcome.errno !== 0) {',
  },
  {
    name: 'DDL is batched like any transaction',
    file: `${core}applier.ts`,
    from: "    if (head.kind === 'ddl') {\n",
    to: "    if (head.kind === 'ddl' && head.commands.length === 0) {\n",
  },
  {
    name: 'results of a broken term are evidence',
    file: `${core}result-evidence.ts`,
    from: '    this.#unreliableFrom.set(epoch, seq);\n',
    to: '',
  },
  {
    name: 'a difference is a verdict before the leader has confirmed',
    file: `${core}result-evidence.ts`,
    from: 'if (entry.epoch !== this.#epoch || entry.seq <= this.#provenUpTo)',
    to: 'if (entry.epoch !== this.#epoch || entry.seq >= 0)',
    scenario: 'a leader connection that dies alone, and whose entry was logged first',
  },
  {
    name: 'a client hears OK before the entry is proven',
    file: `${core}acknowledgements.ts`,
    from: '      if (!waiting.proven) break;\n',
    to: '',
    scenario: 'answers on two leader connections that overtake each other',
  },
  {
    name: 'a former leader with gaps follows again',
    file: `${core}join-decision.ts`,
    from: 'if (node.mayHaveLostLocks && !node.sole',
    to: 'if (node.mayHaveLostLocks && log.lastSeq < 0',
  },
  {
    name: 'a balancer takes a node with gaps back that an earlier one broke with',
    file: `${core}shell/node-recovery.ts`,
    from: 'mayHaveLostLocks: unknown || (options.led && !restarted)',
    to: 'mayHaveLostLocks: options.led && !restarted',
    scenario: 'a balancer that dies before it hears that a leader connection did',
  },
  {
    name: 'a leader folds no more once the connection for it broke',
    file: `${core}shell/node-follower.ts`,
    from: 'if (this.#connection?.lost) this.#connection = undefined;',
    to: '',
  },
  {
    name: 'a fold that is refused keeps the position locked',
    file: `${core}shell/node-follower.ts`,
    from: 'this.#connection?.destroy(asError(error));',
    to: '',
    scenario: 'a fold of markers that is refused keeps nothing locked',
  },
  {
    name: 'a node whose resync does not begin is not looked after',
    file: `${core}shell/resync-manager.ts`,
    from: 'if (isOut && nodes.get(node.name) === node) monitor.renew(node.name);',
    to: 'void monitor, isOut, nodes;',
    scenario: 'a leader that dies while its resync waits for a transaction is recovered',
  },
  {
    name: 'a node that is enabled is not checked first',
    file: `${core}shell/cluster.ts`,
    from: 'this.#p.monitor.renew(name);',
    to: 'this.#p.recoveryManager.onNodeUp(name);',
    scenario: 'a node enabled before its server was seen to be back is watched from then on',
  },
  {
    name: 'results of a term before a restart are always evidence',
    file: `${core}applier.ts`,
    from: 'if (evidence.knows(entry.epoch)) return true;',
    to: 'return true;',
    scenario: 'an entry that takes no effect is known after a restart of the balancer',
  },
  {
    name: 'a leader transaction carries no marker',
    file: `${core}shell/node-markers.ts`,
    from: '  `INSERT INTO lockstep.applied VALUES (${position})`;',
    to: '  `SET @position=${position}`;',
  },
  {
    name: 'DDL runs beside open transactions',
    file: `${core}write-gate.ts`,
    from: 'if (!this.#exclusive && this.#sharing === 0 && this.#queue.length === 0) {',
    to: 'if (!this.#exclusive && this.#queue.length === 0) {',
  },
  {
    name: 'an entry counts as durable before the disk has confirmed it',
    file: 'src/log/active-segment.ts',
    from: 'await this.#file.writeThrough(bytes, batchStart);',
    to: 'await this.#file.write(bytes, batchStart);',
  },
  {
    name: 'a session reads its own writes only where it read before',
    file: 'src/sessions/horizon.ts',
    from: 'if (seq > this.#seq) this.#seq = seq;',
    to: '',
  },
  {
    name: 'the node read last is trusted whatever was seen elsewhere since',
    file: 'src/sessions/horizon.ts',
    from: ' && this.#lastNodeSeq === this.#seq && visible >= this.#seq;',
    to: ';',
  },
  {
    name: 'an error that tells of a row is no sight of it',
    file: 'src/sessions/horizon.ts',
    from: '    this.wrote(visible);\n',
    to: '',
    scenario: 'who was told of a row by an error is not shown a copy without it',
  },
  {
    name: 'strong reads do not wait for what others were acknowledged',
    file: 'src/sessions/read-consistency.ts',
    from: '  if (acknowledged !== undefined && position < acknowledged) return false;\n',
    to: '',
  },
  {
    name: 'strong reads go back behind what the session saw',
    file: 'src/sessions/read-consistency.ts',
    from: '  return horizon.isMetBy(',
    to: '  return acknowledged !== undefined || horizon.isMetBy(',
  },
  {
    name: 'a transaction reads on a leader that is behind a follower',
    file: 'src/sessions/read-consistency.ts',
    from: 'while (replicator.isCurrent(leadership) && !showsEnough(',
    to: 'while (leadership.epoch < 0 && !showsEnough(',
  },
  {
    name: 'a node that left has shown nothing',
    file: `${core}replicator.ts`,
    from: '?.applier.sent ?? this.#options.sequencer.lastDurable;',
    to: '?.applier.sent ?? noSeq;',
    scenario: 'what was read on a node that left meanwhile is not forgotten',
  },
  {
    name: 'a failed fsync is taken for a success',
    file: 'src/log/create-whole.ts',
    from: '    throw new SyncFailed(error);\n',
    to: '    void error;\n',
  },
  {
    name: 'what a failed write left in the log is not cut off',
    file: 'src/log/active-segment.ts',
    from: 'truncate(this.segment.dataEnd);\n    await confirmed(this.#file.syncAll());',
    to: 'size();',
  },
  {
    name: 'the log is cut before it is durable on the nodes',
    file: `${core}shell/log-retention.ts`,
    from: 'known.samples[0].atMs >= durableAfterMs)',
    to: 'known.samples[0].atMs >= 0)',
  },
  {
    name: 'a copy is taken without holding commits',
    file: `${core}shell/snapshot.ts`,
    from: '  const letCommitsGo = replicator.gate.commits.take();',
    to: '  const letCommitsGo = (): void => undefined;',
  },
  {
    name: 'a copy is made of a node that went out of rotation',
    file: `${core}shell/copy/copy-node.ts`,
    from: '    membersOnly: true,\n',
    to: '',
    scenario: 'the source of a copy that goes out of rotation while its snapshot is taken',
  },
  {
    name: 'an error is divergence also on a node that has moved on',
    file: `${core}applier.ts`,
    from: '    await this.#expectToBeHere();\n',
    to: '',
    scenario: 'a batch of a balancer that died, which arrives late, is no divergence',
  },
  {
    name: 'commits do not wait while they are held',
    file: `${core}replicator.ts`,
    from: '    if (this.gate.commits.held) await this.gate.commits.whenFree();\n',
    to: '',
  },
  {
    name: 'an unfinished copy follows',
    file: `${core}join-decision.ts`,
    from: 'if (node.clusterId === unfinishedCopy) {',
    to: 'if (node.clusterId === unfinishedCopy && log.lastSeq < 0) {',
    scenario: 'a copy to it was under way',
  },
  {
    name: 'a condemned node follows',
    file: `${core}join-decision.ts`,
    from: 'if (node.clusterId === condemned) {',
    to: 'if (node.clusterId === condemned && log.lastSeq < 0) {',
    scenario: 'it was found unfit before',
  },
  {
    name: 'DDL does not wait for a copy under way',
    file: `${core}write-gate.ts`,
    from: '      if (!this.schema.heldBeside(own)) return release;\n      release();',
    to: '      return release;',
    scenario: 'DDL that waits for a transaction waits for the copy that begins meanwhile, too',
  },
  {
    name: 'what our broken connections left open is not ended',
    file: `${core}shell/node-recovery.ts`,
    from: '    await endConnections(control, ids, this.#options.clock);\n',
    to: '',
  },
  {
    name: 'a function that reads without locks runs beside others',
    file: 'test/simulation/sim-client.ts',
    from: '    return gate.exclusive(gateTimeoutMs);',
    to: '    return gate.shared(gateTimeoutMs);',
  },
  {
    name: 'a function may read an older snapshot in a transaction',
    file: 'src/sessions/may-read-outdated.ts',
    from: 'transaction !== undefined && !transaction.serializable;',
    to: 'transaction !== undefined && transaction.serializable === undefined;',
  },
  {
    name: 'an entry that does not say what it changes ends no kept answer',
    file: `${core}table-changes.ts`,
    from: '      if (seq > this.#any) this.#any = seq;\n',
    to: '',
  },
  {
    name: 'an answer is kept as of what its node may have',
    file: 'test/simulation/sim-reader.ts',
    from: '    const position = replicator.position(node.name);',
    to: '    const position = replicator.visible(node.name);',
  },
];
