import { type KeyboardEvent, useState } from 'react';
import { useMayOperate, viewerReason } from '../../data/me.ts';
import { useChange } from '../../data/queries.ts';
import { useNotices } from '../../parts/notices.tsx';

interface WeightFieldProps {
  readonly node: string;
  readonly weight: number;
}

const weightMax = 1000;

/** Enter or leaving the field sets the weight, Escape takes it back. */
export function WeightField({ node, weight }: WeightFieldProps) {
  const [typed, setTyped] = useState<string>();
  const { mutateAsync, isPending } = useChange();
  const notices = useNotices();
  const mayOperate = useMayOperate();
  const set = async () => {
    const wanted = Number(typed);
    setTyped(undefined);
    if (typed === undefined || wanted === weight) return;
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > weightMax) {
      notices.failed(node, new Error(`a weight is a whole number from 1 to ${weightMax}`));
      return;
    }
    try {
      const path = `/nodes/${encodeURIComponent(node)}/weight`;
      await mutateAsync({ method: 'PUT', path, body: { weight: wanted } });
      notices.done(`${node}: weight is ${wanted}`);
    } catch (error) {
      notices.failed(`${node}: weight`, error);
    }
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === 'Enter') event.currentTarget.blur();
    if (event.key === 'Escape') setTyped(undefined);
  };
  return (
    <input
      className="weight"
      inputMode="numeric"
      aria-label={`Weight of ${node}`}
      disabled={isPending || !mayOperate}
      title={mayOperate ? undefined : viewerReason}
      value={typed ?? String(weight)}
      onChange={(event) => setTyped(event.target.value)}
      onKeyDown={onKeyDown}
      onBlur={() => void set()}
    />
  );
}
