import { Menu } from '@base-ui/react/menu';
import type { NodeStatus } from '../../../src/http/schemas.ts';
import { type NodeAction, operatorActions, serverActions } from '../../data/node-actions.ts';
import { useMayOperate } from '../../data/me.ts';
import type { DemoNode } from '../../data/queries.ts';
import { Icon } from '../../parts/icon.tsx';
import { useAct } from '../../parts/use-act.ts';

interface NodeMenuProps {
  readonly node: NodeStatus;
  readonly nodes: readonly NodeStatus[];
  readonly server?: DemoNode;
  readonly onReplace: () => void;
}

/** What can be done to a node now, and in the demo to its server's process. */
export function NodeMenu({ node, nodes, server, onReplace }: NodeMenuProps) {
  const act = useAct();
  const mayOperate = useMayOperate();
  const item = (action: NodeAction) => (
    <Menu.Item
      key={action.name}
      className={`menu-item ${action.dangerous ? 'danger' : ''}`}
      onClick={() => act(node.name, action)}
    >
      {action.label}
      {action.consequence === undefined ? '' : ' …'}
    </Menu.Item>
  );
  if (!mayOperate) return null;
  return (
    <Menu.Root>
      <Menu.Trigger className="button small menu-button" aria-label={`Actions for ${node.name}`}>
        Actions
        <Icon name="down" size={12} />
      </Menu.Trigger>
      <Menu.Portal container={document.getElementById('main')}>
        <Menu.Positioner className="positioner" align="end" sideOffset={4}>
          <Menu.Popup className="menu">
            <Menu.Group>
              <Menu.GroupLabel className="menu-label">Node {node.name}</Menu.GroupLabel>
              {operatorActions(node, nodes).map(item)}
              <Menu.Item className="menu-item" onClick={onReplace}>
                Replace …
              </Menu.Item>
            </Menu.Group>
            {server === undefined ? null : (
              <Menu.Group>
                <Menu.Separator className="menu-line" />
                <Menu.GroupLabel className="menu-label">Its server (demo)</Menu.GroupLabel>
                {serverActions(server).map(item)}
              </Menu.Group>
            )}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
