import { duration, timeOf } from '../../data/figures.ts';
import { useNow } from '../../data/live.tsx';
import { useVerify } from '../../data/queries.ts';
import type { VerifyStatus } from '../../data/shapes.ts';
import { Empty, Failure, Loading, Panel } from '../../parts/panel.tsx';
import { ReportView } from './report-view.tsx';
import { RunningView } from './running-view.tsx';
import { VerifyForm } from './verify-form.tsx';

/** Whether all nodes hold the same, where they do not, and what to do about it. */
export function Verify() {
  const { data, error } = useVerify();
  if (data === undefined) {
    if (error !== null) return <Failure what="The comparison could not be read" error={error} />;
    return <Loading what="the last comparison" />;
  }
  const { running, last } = data;
  return (
    <>
      <Panel title="Compare the nodes" note={<NextNote nextAt={data.nextAt} />}>
        {running === undefined ? <VerifyForm /> : <RunningView running={running} />}
      </Panel>
      {last === undefined ? null : <Last last={last} />}
      {last === undefined && running === undefined ? <NothingYet /> : null}
    </>
  );
}

function NextNote({ nextAt }: { readonly nextAt: string | undefined }) {
  const now = useNow();
  if (nextAt === undefined) return 'when asked for; verify.interval would do it by itself';
  return `the next one begins by itself in ${duration(Date.parse(nextAt) - now)}`;
}

const NothingYet = () => (
  <Empty icon="compare" title="The nodes have not been compared yet">
    Tables are walked by their key while clients work, each part as of one and the same entry.
  </Empty>
);

function Last({ last }: { readonly last: NonNullable<VerifyStatus['last']> }) {
  const { finishedAt, report, error } = last;
  if (report !== undefined) return <ReportView report={report} finishedAt={finishedAt} />;
  return (
    <Failure
      what={`The comparison ended early at ${timeOf(finishedAt)}`}
      error={new Error(error ?? 'for no known reason')}
    />
  );
}
