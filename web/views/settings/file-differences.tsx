import { useMayOperate } from '../../data/me.ts';
import { useChange, usePolled } from '../../data/queries.ts';
import type { SettingsDiff } from '../../data/shapes.ts';
import { Button } from '../../parts/button.tsx';
import { useAsk } from '../../parts/confirm.tsx';
import { useNotices } from '../../parts/notices.tsx';
import { Panel } from '../../parts/panel.tsx';

/** Where the configuration file says something else than what runs. */
export function FileDifferences({ file }: { readonly file: string }) {
  const { data } = usePolled<SettingsDiff>('/config/diff', 5_000);
  const mayOperate = useMayOperate();
  if (data === undefined || data.differences.length === 0) return null;
  return (
    <Panel
      title="The file says something else"
      note={file}
      actions={mayOperate ? <ReloadButton file={file} /> : undefined}
    >
      <div className="scroll">
        <table className="table" aria-label="Differences">
          <thead>
            <tr>
              <th scope="col">Setting</th>
              <th scope="col">Runs</th>
              <th scope="col">File</th>
              <th scope="col">Takes</th>
            </tr>
          </thead>
          <tbody>
            {data.differences.map(({ path, from, to, changes }) => (
              <tr key={path}>
                <th scope="row">
                  <code>{path}</code>
                </th>
                <td>{JSON.stringify(from)}</td>
                <td>{JSON.stringify(to)}</td>
                <td>{changes === 'now' ? 'a reload' : 'a restart'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function ReloadButton({ file }: { readonly file: string }) {
  const ask = useAsk();
  const notices = useNotices();
  const { mutateAsync } = useChange();
  const reload = async () => {
    const goOn = await ask({
      title: 'Reload the configuration file?',
      consequence: `What ${file} says holds at once; what needs a restart waits for it.`,
      action: 'Reload',
      dangerous: false,
    });
    if (!goOn) return;
    try {
      await mutateAsync({ method: 'POST', path: '/config/reload' });
      notices.done('The file was read again');
    } catch (error) {
      notices.failed('Reload', error);
    }
  };
  return (
    <Button small onClick={() => void reload()}>
      Reload …
    </Button>
  );
}
