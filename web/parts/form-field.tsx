import { type ReactNode, useId } from 'react';
import { Icon } from './icon.tsx';

/** What ties a control to its label, its hint and what is wrong with it. */
export interface ControlProps {
  readonly id: string;
  readonly 'aria-invalid'?: true;
  readonly 'aria-describedby'?: string;
}

interface FormFieldProps {
  readonly label: string;
  readonly hint?: string | undefined;
  /** Lines behind the first one are shown as they are, such as a table. */
  readonly error?: string | undefined;
  /** It stands before its label. */
  readonly checkbox?: boolean;
  readonly children: (props: ControlProps) => ReactNode;
}

/** A control with its label; what is wrong with it is said here and nowhere else. */
export function FormField({ label, hint, error, checkbox = false, children }: FormFieldProps) {
  const id = useId();
  const described = [
    ...(hint === undefined ? [] : [`${id}-hint`]),
    ...(error === undefined ? [] : [`${id}-error`]),
  ].join(' ');
  return (
    <div className={checkbox ? 'form-field form-check' : 'form-field'}>
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        ...(error === undefined ? {} : { 'aria-invalid': true as const }),
        ...(described === '' ? {} : { 'aria-describedby': described }),
      })}
      {hint === undefined ? null : (
        <p className="form-hint muted" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error === undefined ? null : <FieldError id={`${id}-error`} text={error} />}
    </div>
  );
}

function FieldError({ id, text }: { readonly id: string; readonly text: string }) {
  const [first = '', ...rest] = text.split('\n');
  return (
    <div className="form-error tone-bad" id={id} role="alert">
      <p>
        <Icon name="warning" size={14} />
        <span>{first}</span>
      </p>
      {rest.length === 0 ? null : (
        <pre tabIndex={0} aria-label="What is found there">
          {rest.join('\n')}
        </pre>
      )}
    </div>
  );
}
