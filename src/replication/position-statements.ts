import type { Seq } from '../base/brands.ts';

/*
 * A node's position only ever moves from where Lockstep believes it to be: were the belief
 * wrong (the server was restarted and lost its last commits, an old backup was put in, a packet
 * of a balancer that died arrives late), entries would be skipped for ever, or applied twice.
 * Then the statement fails with error 1690 and its transaction with it. The overflow is an
 * error in every sql_mode, and `position>=0` keeps it from being computed before it is needed.
 * `WHERE id=1` names the key, as sql_safe_updates demands.
 */
const otherwiseFail = '18446744073709551615+(position>=0)';

const markersUpTo = (position: Seq): string =>
  `(SELECT COUNT(*) FROM lockstep.applied WHERE seq>position AND seq<=${position})`;

/** For a follower's batch, which brings a node from `from` to `to`. */
export const moveStatement = (from: Seq, to: Seq): string =>
  `UPDATE lockstep.node SET position=IF(position=${from},${to},${otherwiseFail}) WHERE id=1`;

/** Moves a position that is behind `to` over entries whose markers are all there. */
export function foldStatement(to: Seq): string {
  const isWhole = `position+${markersUpTo(to)}=${to}`;
  return (
    `UPDATE lockstep.node SET position=IF(${isWhole},${to},${otherwiseFail}) ` +
    `WHERE id=1 AND position<${to}`
  );
}

/** The DDL announced before has taken effect as entry `to`, the next after all that is there. */
export function concludeDdlStatement(to: Seq): string {
  const before = (to - 1) as Seq;
  const isNext = `position+${markersUpTo(before)}=${before}`;
  return (
    `UPDATE lockstep.node SET position=IF(${isNext},${to},${otherwiseFail}), ddl_seq=0 ` +
    'WHERE id=1'
  );
}
