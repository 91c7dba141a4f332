import { Dialog } from '@base-ui/react/dialog';
import { type FormEvent, useRef, useState } from 'react';
import type { NodeStatus } from '../../../src/http/schemas.ts';
import {
  changeFor,
  emptyServer,
  errorsOf,
  type FieldErrors,
  type NewServer,
  refusalOf,
} from '../../data/new-server.ts';
import { useChange } from '../../data/queries.ts';
import { Button } from '../../parts/button.tsx';
import { useNotices } from '../../parts/notices.tsx';
import { Failure } from '../../parts/panel.tsx';
import { ServerFields } from './server-fields.tsx';

interface NodeDialogProps {
  readonly nodes: readonly NodeStatus[];
  /** The node whose place the server takes; none: it becomes a node more. */
  readonly replaced: NodeStatus | undefined;
  readonly onClose: () => void;
}

/** Takes a server in as a node, or in the place of one. */
export function NodeDialog({ nodes, replaced, onClose }: NodeDialogProps) {
  const first = useRef<HTMLInputElement>(null);
  const title = replaced === undefined ? 'Add a node' : `Replace ${replaced.name}`;
  return (
    <Dialog.Root open onOpenChange={(open) => open || onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog node-dialog" initialFocus={first}>
          <Dialog.Title className="dialog-title">{title}</Dialog.Title>
          <Dialog.Description className="dialog-text">
            {replaced === undefined
              ? 'A server joins while clients work. An empty one is filled with a copy first.'
              : `Another server takes its name and place. ${replaced.address} keeps what it has.`}
          </Dialog.Description>
          <NodeForm nodes={nodes} replaced={replaced} onClose={onClose} first={first} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface NodeFormProps extends NodeDialogProps {
  readonly first: React.RefObject<HTMLInputElement | null>;
}

function NodeForm({ nodes, replaced, onClose, first }: NodeFormProps) {
  const [server, setServer] = useState<NewServer>(() => ({
    ...emptyServer,
    ...(replaced === undefined ? {} : { weight: String(replaced.weight) }),
  }));
  const [errors, setErrors] = useState<FieldErrors>({});
  const [failure, setFailure] = useState<unknown>();
  const { mutateAsync, isPending } = useChange();
  const notices = useNotices();
  const form = useRef<HTMLFormElement>(null);
  const name = replaced?.name ?? server.name;
  const refuse = (found: FieldErrors) => {
    setErrors(found);
    // Behind the drawing that marks them.
    requestAnimationFrame(() => {
      form.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus();
    });
  };
  const join = async () => {
    setFailure(undefined);
    const found = errorsOf(server, nodes, replaced?.name);
    if (Object.keys(found).length > 0) {
      refuse(found);
      return;
    }
    setErrors({});
    try {
      await mutateAsync(changeFor(server, replaced?.name));
      notices.done(`${name} joins: its card shows how far it is`);
      onClose();
    } catch (error) {
      const refused = refusalOf(error);
      if (Object.keys(refused).length > 0) refuse(refused);
      else setFailure(error);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void join();
  };
  return (
    <form ref={form} onSubmit={submit} noValidate className="node-form">
      <ServerFields
        server={server}
        errors={errors}
        replaced={replaced}
        first={first}
        onChange={(part) => {
          setServer({ ...server, ...part });
          setErrors(without(errors, Object.keys(part)));
        }}
      />
      {failure === undefined ? null : <Failure what={`${name} was not taken in`} error={failure} />}
      {isPending ? <Looking server={server} replaced={replaced} /> : null}
      <div className="dialog-buttons">
        <Dialog.Close className="button">{isPending ? 'Close, it goes on' : 'Cancel'}</Dialog.Close>
        <Button type="submit" tone={server.resync ? 'danger' : 'primary'} disabled={isPending}>
          {replaced === undefined ? 'Add node' : 'Replace node'}
          {server.resync ? ', delete its data' : ''}
        </Button>
      </div>
    </form>
  );
}

/** What was said of a field is no longer true when it is changed. */
const without = (errors: FieldErrors, changed: readonly string[]): FieldErrors =>
  Object.fromEntries(Object.entries(errors).filter(([name]) => !changed.includes(name)));

interface LookingProps {
  readonly server: NewServer;
  readonly replaced: NodeStatus | undefined;
}

/** It takes as long as reading all data, when there is some; nothing tells how far it is. */
function Looking({ server, replaced }: LookingProps) {
  const waits =
    replaced === undefined || server.force ? '' : ` Then ${replaced.name} ends what it is at.`;
  return (
    <div className="progress" role="status">
      <progress aria-label="The server is looked at" />
      <span className="muted">
        {server.host} is looked at; data that it holds is compared with the nodes.{waits}
      </span>
    </div>
  );
}
