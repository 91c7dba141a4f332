import type { NodeAction } from '../data/node-actions.ts';
import { useChange } from '../data/queries.ts';
import { useAsk } from './confirm.tsx';
import { useNotices } from './notices.tsx';

/** Does something to a node: asks first when it costs something, and says what became of it. */
export function useAct(): (node: string, action: NodeAction) => void {
  const ask = useAsk();
  const notices = useNotices();
  const { mutateAsync } = useChange();
  const act = async (
    node: string,
    { label, question, consequence, dangerous, change }: NodeAction,
  ) => {
    const goOn =
      consequence === undefined ||
      (await ask({ title: question, consequence, dangerous, action: label }));
    if (!goOn) return;
    try {
      await mutateAsync(change);
      notices.done(`${node}: ${label} done`);
    } catch (error) {
      notices.failed(`${node}: ${label}`, error);
    }
  };
  return (node, action) => void act(node, action);
}
