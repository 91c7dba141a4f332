import { createContext, type ReactNode, use, useCallback, useRef, useState } from 'react';
import { ProblemError } from '../data/api.ts';
import { Icon } from './icon.tsx';

interface Notice {
  readonly id: number;
  readonly tone: 'good' | 'bad';
  readonly text: string;
  readonly more?: string;
}

export interface Notices {
  readonly done: (text: string) => void;
  /** Says what went wrong and what to do about it. */
  readonly failed: (what: string, error: unknown) => void;
}

const shownMs = 6_000;
const shownMax = 4;

const NoticesContext = createContext<Notices>({ done: () => {}, failed: () => {} });

export const useNotices = (): Notices => use(NoticesContext);

/** What became of what was asked, in the corner: successes go by themselves, failures stay. */
export function NoticesProvider({ children }: { readonly children: ReactNode }) {
  const [notices, setNotices] = useState<readonly Notice[]>([]);
  const last = useRef(0);
  const remove = useCallback(
    (id: number) => setNotices((shown) => shown.filter((notice) => notice.id !== id)),
    [],
  );
  const add = useCallback(
    (notice: Omit<Notice, 'id'>) => {
      last.current += 1;
      const id = last.current;
      setNotices((shown) => [...shown, { ...notice, id }].slice(-shownMax));
      if (notice.tone === 'good') setTimeout(() => remove(id), shownMs);
    },
    [remove],
  );
  const [value] = useState<Notices>(() => ({
    done: (text) => add({ tone: 'good', text }),
    failed: (what, error) =>
      add({ tone: 'bad', text: `${what}: ${messageOf(error)}`, ...moreOf(error) }),
  }));
  return (
    <NoticesContext value={value}>
      {children}
      <div className="notices" role="status" aria-live="polite">
        {notices.map((notice) => (
          <div key={notice.id} className={`notice tone-${notice.tone}`}>
            <Icon name={notice.tone === 'good' ? 'check' : 'cross'} />
            <div className="notice-text">
              <p>{notice.text}</p>
              {notice.more === undefined ? null : <p className="muted">{notice.more}</p>}
            </div>
            <button
              type="button"
              className="icon-button"
              aria-label="Dismiss"
              onClick={() => remove(notice.id)}
            >
              <Icon name="close" size={14} />
            </button>
          </div>
        ))}
      </div>
    </NoticesContext>
  );
}

export function messageOf(error: unknown): string {
  if (error instanceof ProblemError) return error.message;
  if (error instanceof TypeError) return 'the balancer does not answer';
  return error instanceof Error ? error.message : String(error);
}

function moreOf(error: unknown): { more?: string } {
  const remedy = error instanceof ProblemError ? error.problem.remedy : undefined;
  return remedy === undefined ? {} : { more: remedy };
}
