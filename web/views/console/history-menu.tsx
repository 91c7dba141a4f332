import { Dialog } from '@base-ui/react/dialog';
import { useState } from 'react';
import { timeOf } from '../../data/figures.ts';
import { Button } from '../../parts/button.tsx';
import { Icon } from '../../parts/icon.tsx';
import { SearchField } from '../../parts/search-field.tsx';
import { consoleStore, type Remembered } from './console-store.ts';

interface HistoryMenuProps {
  readonly history: readonly Remembered[];
  readonly onChoose: (sql: string) => void;
}

/** What was run before, kept in this browser. */
export function HistoryMenu({ history, onChoose }: HistoryMenuProps) {
  const [open, setOpen] = useState(false);
  const [search, setSearch] = useState('');
  const found = history.filter(({ sql }) => sql.toLowerCase().includes(search.toLowerCase()));
  const choose = (sql: string) => {
    setOpen(false);
    onChoose(sql);
  };
  return (
    <Dialog.Root open={open} onOpenChange={setOpen}>
      <Dialog.Trigger className="button">
        <Icon name="clock" size={14} />
        History
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog history">
          <Dialog.Title className="dialog-title">History</Dialog.Title>
          <SearchField label="Search the history" value={search} onChange={setSearch} />
          {found.length === 0 ? (
            <p className="muted pad">Nothing {history.length === 0 ? 'yet' : 'matches'}.</p>
          ) : (
            <ul className="history-list">
              {found.map(({ sql, at, failed }) => (
                <li key={sql}>
                  <button type="button" onClick={() => choose(sql)}>
                    <span className="muted">{timeOf(at)}</span>
                    <code>{sql}</code>
                    {failed ? <span className="tone-bad">failed</span> : null}
                  </button>
                </li>
              ))}
            </ul>
          )}
          <div className="dialog-buttons">
            <Button onClick={() => consoleStore.forgetHistory()}>Forget all</Button>
            <Dialog.Close className="button">Close</Dialog.Close>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
