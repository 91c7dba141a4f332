import type { ReactNode } from 'react';
import { ProblemError } from '../data/api.ts';
import { Icon, type IconName } from './icon.tsx';
import { messageOf } from './notices.tsx';

interface PanelProps {
  readonly title: string;
  /** Beside the title: how much there is, or since when. */
  readonly note?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A part of a view with its heading. */
export function Panel({ title, note, actions, children }: PanelProps) {
  return (
    <section className="panel" aria-label={title}>
      <header className="panel-head">
        <h2>{title}</h2>
        {note === undefined ? null : <span className="muted">{note}</span>}
        {actions === undefined ? null : <div className="panel-actions">{actions}</div>}
      </header>
      {children}
    </section>
  );
}

interface EmptyProps {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ReactNode;
}

/** Where there is nothing to show: says why, and what would be here. */
export function Empty({ icon, title, children }: EmptyProps) {
  return (
    <div className="empty">
      <Icon name={icon} size={22} />
      <p className="empty-title">{title}</p>
      {children === undefined ? null : <div className="muted">{children}</div>}
    </div>
  );
}

/** In place of what could not be had. */
export function Failure({ what, error }: { readonly what: string; readonly error: unknown }) {
  const remedy = error instanceof ProblemError ? error.problem.remedy : undefined;
  return (
    <div className="failure" role="alert">
      <span className="tone-bad">
        <Icon name="warning" />
      </span>
      <div>
        <p>
          {what}: {messageOf(error)}
        </p>
        {remedy === undefined ? null : <p className="muted">{remedy}</p>}
      </div>
    </div>
  );
}

export const Loading = ({ what }: { readonly what: string }) => (
  <p className="loading muted" role="status">
    Loading {what} …
  </p>
);
