import { Dialog } from '@base-ui/react/dialog';
import { useState } from 'react';
import { useStatus } from '../data/queries.ts';
import { BrandMark } from '../parts/brand-mark.tsx';
import { Icon } from '../parts/icon.tsx';
import { AccountNote } from './account.tsx';
import { hrefOf } from './route.ts';
import { ThemeSwitch } from './theme.tsx';
import { views } from './views.ts';

/** Beside the view where there is room; behind a button where there is none. */
export function Navigation({ current }: { readonly current: string }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <nav className="side" aria-label="Views">
        <Brand />
        <Links current={current} />
        <Foot />
      </nav>
      <div className="topbar">
        <Dialog.Root open={open} onOpenChange={setOpen}>
          <Dialog.Trigger className="icon-button" aria-label="Menu">
            <Icon name="menu" />
          </Dialog.Trigger>
          <Dialog.Portal>
            <Dialog.Backdrop className="backdrop" />
            <Dialog.Popup className="drawer">
              <Dialog.Title className="visually-hidden">Views</Dialog.Title>
              <nav aria-label="Views" onClick={() => setOpen(false)}>
                <Brand />
                <Links current={current} />
              </nav>
              <Foot />
            </Dialog.Popup>
          </Dialog.Portal>
        </Dialog.Root>
        <Brand />
      </div>
    </>
  );
}

function Brand() {
  return (
    <a className="brand" href={hrefOf('overview')}>
      <BrandMark />
      Lockstep
    </a>
  );
}

function Links({ current }: { readonly current: string }) {
  // Of nodes in sync a few are always under way: what piles up is told.
  const behind = useStatus().data?.nodes.filter(({ state }) => state !== 'UP') ?? [];
  const pending = behind.reduce((sum, node) => sum + node.pending, 0);
  return (
    <ul className="links">
      {views.map(({ name, title, icon }) => (
        <li key={name}>
          <a href={hrefOf(name)} {...(name === current ? { 'aria-current': 'page' } : {})}>
            <Icon name={icon} />
            {title}
            {name === 'log' && pending > 0 ? (
              <span className="count">
                {pending > 9_999 ? '9999+' : pending}
                <span className="visually-hidden"> pending</span>
              </span>
            ) : null}
          </a>
        </li>
      ))}
    </ul>
  );
}

function Foot() {
  const version = useStatus().data?.version;
  return (
    <footer className="foot">
      <AccountNote />
      <ThemeSwitch />
      <span className="muted">{version === undefined ? '' : `v${version}`}</span>
    </footer>
  );
}
