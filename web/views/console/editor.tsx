import { useEffect, useRef } from 'react';
import type { Names } from './column-completion.ts';
import { type SqlEditor, createEditor } from './sql-editor.ts';

interface EditorProps {
  readonly initial: string;
  /** For completion. */
  readonly names: Names;
  readonly fault: number | undefined;
  readonly onChange: (text: string) => void;
  readonly onRun: () => void;
  readonly onReady: (editor: SqlEditor) => void;
}

/**
 * The editor lives in a shadow root: there CodeMirror uses constructed style sheets, which the
 * content security policy permits, instead of style elements, which it does not.
 */
export function Editor({ initial, names, fault, onChange, onRun, onReady }: EditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<SqlEditor>(undefined);
  const handlers = useRef({ onChange, onRun });
  const start = useRef({ initial, onReady });
  useEffect(() => {
    handlers.current = { onChange, onRun };
  });
  useEffect(() => {
    const host = place.current;
    if (host === null) return undefined;
    const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
    const made = createEditor(root, {
      text: start.current.initial,
      onChange: (text) => handlers.current.onChange(text),
      onRun: () => handlers.current.onRun(),
    });
    editor.current = made;
    start.current.onReady(made);
    return () => made.end();
  }, []);
  useEffect(() => editor.current?.complete(names), [names]);
  useEffect(() => editor.current?.mark(fault), [fault]);
  return <div className="editor" ref={place} />;
}
