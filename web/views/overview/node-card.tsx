import { memo } from 'react';
import type { NodeStatus } from '../../../src/http/schemas.ts';
import {
  bytes,
  count,
  duration,
  milliseconds,
  percent,
  rate,
  roughly,
  timeOf,
} from '../../data/figures.ts';
import { useNow } from '../../data/live.tsx';
import type { DemoNode } from '../../data/queries.ts';
import type { NodeRates } from '../../data/rates.ts';
import { Icon } from '../../parts/icon.tsx';
import { StateBadge, toneOfState } from '../../parts/state-badge.tsx';
import { hrefOf } from '../../shell/route.ts';
import { NodeMenu } from './node-menu.tsx';
import { WeightField } from './weight-field.tsx';

interface NodeCardProps {
  readonly node: NodeStatus;
  readonly nodes: readonly NodeStatus[];
  /** Of the last minute. */
  readonly p99: number | null;
  readonly rates?: NodeRates;
  readonly server?: DemoNode;
  /** Asks for the server that takes its place. */
  readonly onReplace: (asked: { readonly replaced: NodeStatus }) => void;
}

/** One node: whether it serves, why not, what it does, and what can be done to it. */
export const NodeCard = memo(function NodeCard(props: NodeCardProps) {
  const { node, nodes, p99, rates, server, onReplace } = props;
  const { name, state, leader, address } = node;
  // A node in sync has entries under way whenever there are writes.
  const isBehind = node.pending > 0 && state !== 'UP';
  // How far that is says more than that it began.
  const isReplaying = state === 'RECOVERING' && rates?.replay !== undefined;
  return (
    <article className={`node-card edge-${toneOfState(state)}`} aria-label={name}>
      <header className="node-head">
        <h2>{name}</h2>
        <NodeMenu
          node={node}
          nodes={nodes}
          onReplace={() => onReplace({ replaced: node })}
          {...(server === undefined ? {} : { server })}
        />
      </header>
      <p className="node-state">
        <StateBadge state={state} />
        <Since at={node.since} />
        {leader ? (
          <span className="badge leader" title="Writes execute here first">
            <Icon name="crown" size={14} />
            leader
          </span>
        ) : null}
        <ServerProcess {...(server === undefined ? {} : { server })} />
      </p>
      {isReplaying ? null : <Reason node={node} />}
      <Progress node={node} {...(rates === undefined ? {} : { rates })} />
      <Share {...(rates === undefined ? {} : { rates })} />
      <dl className="facts">
        <Fact name="Average" value={node.reads === 0 ? '–' : milliseconds(node.averageMs)} />
        <Fact name="p99, 1 min" value={p99 === null ? '–' : milliseconds(p99)} />
        <Fact name="Connections" value={count(node.connections)} />
        <Fact name="Position" value={count(node.position)} />
        <div>
          <dt>Pending</dt>
          <dd>
            <a href={hrefOf('log', name)} className={isBehind ? 'tone-warn' : ''}>
              {count(node.pending)}
              <span className="visually-hidden"> commands pending for {name}</span>
            </a>
          </dd>
        </div>
        <div>
          <dt>Weight</dt>
          <dd>
            <WeightField node={name} weight={node.weight} />
          </dd>
        </div>
      </dl>
      <footer className="node-foot muted">
        <span>{address}</span>
        <span title={node.serverVersion}>{shortVersion(node.serverVersion)}</span>
      </footer>
    </article>
  );
});

const Fact = ({ name, value }: { readonly name: string; readonly value: string }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
);

function Since({ at }: { readonly at: string }) {
  const now = useNow();
  const ms = now - Date.parse(at);
  return (
    <span className="muted" title={`since ${timeOf(at)}, ${duration(ms)}`}>
      for {roughly(ms)}
    </span>
  );
}

function ServerProcess({ server }: { readonly server?: DemoNode }) {
  if (server === undefined || server.state === 'running') return null;
  return <span className="badge tone-quiet">server {server.state}</span>;
}

/** In sync there is nothing to explain. */
function Reason({ node: { state, reason, needsResync } }: { readonly node: NodeStatus }) {
  if (state === 'UP' || reason === undefined) return null;
  return (
    <div className="node-reason">
      <p className="clipped" title={reason}>
        {reason}
      </p>
      {needsResync ? <strong>It needs a resync: see its actions.</strong> : null}
    </div>
  );
}

function Progress({ node, rates }: { readonly node: NodeStatus; readonly rates?: NodeRates }) {
  if (node.resync !== undefined && node.state === 'RESYNCING') {
    const { phase, source, tablesDone, tables, rows, bytes: size } = node.resync;
    const from = `from ${source || 'another node'}`;
    const done = `table ${tablesDone} of ${tables} ${from}, ${count(rows)} rows, ${bytes(size)}`;
    return (
      <Bar
        label="Copy"
        text={`${phase}: ${tables === 0 ? from : done}`}
        share={tables === 0 ? 0 : tablesDone / tables}
      />
    );
  }
  const replay = rates?.replay;
  if (replay === undefined) return null;
  const { done, total, perSecond, leftMs } = replay;
  const speed = perSecond === undefined ? '' : `, ${rate(perSecond)}/s`;
  const left = leftMs === undefined ? '' : `, ${unbroken(duration(leftMs))} left`;
  return (
    <Bar
      label="Replay"
      text={`${count(done)} of ${count(total)} replayed${speed}${left}`}
      share={done / total}
    />
  );
}

/** A figure stays on one line with its unit. */
const unbroken = (text: string): string => text.replaceAll(' ', '\u00a0');

interface BarProps {
  readonly label: string;
  readonly text: string;
  readonly share: number;
}

function Bar({ label, text, share }: BarProps) {
  return (
    <div className="progress">
      <progress aria-label={label} max={1} value={share} />
      <span className="muted">{text}</span>
    </div>
  );
}

/** Of the reads of the last seconds. */
function Share({ rates }: { readonly rates?: NodeRates }) {
  const share = rates?.share ?? 0;
  return (
    <div className="share">
      <div className="share-words">
        <span className="muted">Share of reads</span>
        <span>
          {rates?.share === undefined ? 'none now' : percent(share)}
          {rates?.share === undefined ? null : (
            <span className="muted"> · {rate(rates.readsPerSecond)}/s</span>
          )}
        </span>
      </div>
      <div className="meter" aria-hidden="true">
        <div style={{ width: `${share * 100}%` }} />
      </div>
    </div>
  );
}

/** `10.11.19-MariaDB-0+deb12u1` is MariaDB 10.11.19. */
function shortVersion(version: string | undefined): string {
  if (version === undefined) return '';
  const number = /(\d+\.\d+\.\d+)/.exec(version)?.[1] ?? version;
  return `${/mariadb/i.test(version) ? 'MariaDB' : 'MySQL'} ${number}`;
}
