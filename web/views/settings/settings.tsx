import { useState } from 'react';
import { count } from '../../data/figures.ts';
import { usePolled } from '../../data/queries.ts';
import type { Setting, Settings as SettingList } from '../../data/shapes.ts';
import { Empty, Failure, Loading } from '../../parts/panel.tsx';
import { SearchField } from '../../parts/search-field.tsx';
import { FileDifferences } from './file-differences.tsx';
import { SettingRow } from './setting-row.tsx';

/** Every setting: what it is, where that comes from, and what a change takes. */
export function Settings() {
  const { data, error } = usePolled<SettingList>('/config', 5_000);
  const [search, setSearch] = useState('');
  const [changed, setChanged] = useState(false);
  if (data === undefined) {
    if (error !== null) return <Failure what="The settings could not be read" error={error} />;
    return <Loading what="the settings" />;
  }
  const wanted = search.toLowerCase();
  const found = data.settings.filter(
    ({ path, description, source }) =>
      (!changed || source !== 'default') && `${path} ${description}`.toLowerCase().includes(wanted),
  );
  return (
    <>
      <div className="toolbar" role="search">
        <SearchField label="Search settings" value={search} onChange={setSearch} />
        <label className="field">
          <input
            type="checkbox"
            checked={changed}
            onChange={({ target }) => setChanged(target.checked)}
          />
          Only those that were set
        </label>
        <span className="muted" role="status">
          {count(found.length)} of {count(data.settings.length)}
        </span>
      </div>
      {data.file === undefined ? null : <FileDifferences file={data.file} />}
      {found.length === 0 ? <Empty icon="sliders" title="No match" /> : null}
      {groupsOf(found).map(([group, settings]) => (
        <section key={group} className="panel" aria-label={`Settings of ${group}`}>
          <header className="panel-head">
            <h2>{group}</h2>
          </header>
          <ul className="settings">
            {settings.map((setting) => (
              <SettingRow key={setting.path} setting={setting} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function groupsOf(settings: readonly Setting[]): [string, Setting[]][] {
  const groups = new Map<string, Setting[]>();
  for (const setting of settings) {
    const group = setting.path.includes('.') ? (setting.path.split('.')[0] as string) : 'general';
    groups.set(group, [...(groups.get(group) ?? []), setting]);
  }
  return [...groups];
}
