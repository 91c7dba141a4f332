import { AlertDialog } from '@base-ui/react/alert-dialog';
import { createContext, type ReactNode, use, useCallback, useRef, useState } from 'react';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';

export interface Question {
  /** As a question that names what it is about: `Kill the server of mysql2?` */
  readonly title: string;
  readonly consequence: string;
  /** On the button that goes on. */
  readonly action: string;
  readonly dangerous: boolean;
}

type Ask = (question: Question) => Promise<boolean>;

const AskContext = createContext<Ask>(() => Promise.resolve(false));

/** Asks before something is done that cannot be taken back with one click. */
export const useAsk = (): Ask => use(AskContext);

export function AskProvider({ children }: { readonly children: ReactNode }) {
  const [question, setQuestion] = useState<Question>();
  const [open, setOpen] = useState(false);
  const answered = useRef<(goOn: boolean) => void>(undefined);
  const ask = useCallback<Ask>((asked) => {
    answered.current?.(false);
    setQuestion(asked);
    setOpen(true);
    return new Promise((resolve) => {
      answered.current = resolve;
    });
  }, []);
  const answer = (goOn: boolean) => {
    answered.current?.(goOn);
    answered.current = undefined;
    setOpen(false);
  };
  return (
    <AskContext value={ask}>
      {children}
      <AlertDialog.Root open={open} onOpenChange={(isOpen) => isOpen || answer(false)}>
        <AlertDialog.Portal>
          <AlertDialog.Backdrop className="backdrop" />
          <AlertDialog.Popup className="dialog">
            <AlertDialog.Title className="dialog-title">
              <span className={question?.dangerous ? 'tone-bad' : 'tone-warn'}>
                <Icon name="warning" size={18} />
              </span>
              {question?.title}
            </AlertDialog.Title>
            <AlertDialog.Description className="dialog-text">
              {question?.consequence}
            </AlertDialog.Description>
            <div className="dialog-buttons">
              <AlertDialog.Close className="button">Cancel</AlertDialog.Close>
              <Button
                tone={question?.dangerous ? 'danger' : 'primary'}
                onClick={() => answer(true)}
              >
                {question?.action}
              </Button>
            </div>
          </AlertDialog.Popup>
        </AlertDialog.Portal>
      </AlertDialog.Root>
    </AskContext>
  );
}
