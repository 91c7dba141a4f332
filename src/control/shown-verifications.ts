import { isoTime } from '../base/clock.ts';
import type { VerifyStatus } from '../http/balancer-control.ts';
import type { VerificationsStatus } from '../replication/shell/verify/verifications.ts';

/** Verifications as HTTP, CLI and page see them. */
export function shownVerifications(status: VerificationsStatus): VerifyStatus {
  const { running, last, nextAt } = status;
  return {
    ...(running
      ? {
          running: {
            id: running.id,
            startedAt: isoTime(running.startedAt),
            ...running.progress,
          },
        }
      : {}),
    ...(last
      ? {
          last: {
            id: last.id,
            finishedAt: isoTime(last.finishedAt),
            ...(last.outcome.kind === 'done'
              ? { report: last.outcome.report }
              : { error: last.outcome.reason }),
          },
        }
      : {}),
    ...(nextAt === undefined ? {} : { nextAt: isoTime(nextAt) }),
  };
}
