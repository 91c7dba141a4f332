import { autocompletion, closeBrackets, closeBracketsKeymap } from '@codemirror/autocomplete';
import { closeCompletion, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { MySQL, sql } from '@codemirror/lang-sql';
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { Compartment, EditorState, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, keymap, placeholder } from '@codemirror/view';
import { highlightActiveLine, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { columnCompletion, type Names } from './column-completion.ts';
import { statementAt } from './statements.ts';

export interface EditorOptions {
  readonly text: string;
  readonly onChange: (text: string) => void;
  readonly onRun: () => void;
}

export interface SqlEditor {
  /** What is selected, or else the statement at the cursor. */
  chosen(): { readonly sql: string; readonly offset: number } | undefined;
  put(text: string): void;
  complete(names: Names): void;
  /** Underlines the word at a place, until the text changes. */
  mark(place: number | undefined): void;
  focus(): void;
  end(): void;
}

const setFault = StateEffect.define<number | undefined>();

const faultField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(shown, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setFault)) return faultAt(transaction.state.doc.toString(), effect.value);
    }
    return transaction.docChanged ? Decoration.none : shown;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function faultAt(text: string, place: number | undefined): DecorationSet {
  if (place === undefined || place >= text.length) return Decoration.none;
  const word = /^[\w$]+|^./s.exec(text.slice(place))?.[0] ?? ' ';
  return Decoration.set([faultMark.range(place, Math.min(text.length, place + word.length))]);
}

const faultMark = Decoration.mark({ class: 'cm-fault' });

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--sql-keyword)', fontWeight: '550' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--sql-string)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--sql-number)' },
  { tag: tags.comment, color: 'var(--muted)', fontStyle: 'italic' },
  { tag: [tags.typeName, tags.standard(tags.name)], color: 'var(--sql-type)' },
]);

const look = EditorView.theme({
  '&': { backgroundColor: 'var(--surface)', color: 'var(--text)', height: '100%' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', fontSize: '13px', lineHeight: '20px' },
  '.cm-content': { caretColor: 'var(--text)', padding: '8px 0' },
  '.cm-gutters': { backgroundColor: 'var(--surface)', border: 'none', color: 'var(--muted)' },
  '.cm-activeLine': { backgroundColor: 'transparent' },
  '&.cm-focused .cm-activeLine': { backgroundColor: 'var(--hover)' },
  '.cm-placeholder': { color: 'var(--muted)' },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--accent-soft)' },
  '.cm-fault': { textDecoration: 'underline wavy var(--bad)', backgroundColor: 'var(--bad-soft)' },
  '.cm-tooltip': {
    backgroundColor: 'var(--raised)',
    border: '1px solid var(--line-strong)',
    borderRadius: '6px',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', maxHeight: '220px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 8px' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'var(--accent)',
    color: 'var(--on-accent)',
  },
});

export function createEditor(root: ShadowRoot, options: EditorOptions): SqlEditor {
  const language = new Compartment();
  const languageWith = (names: Names) => [
    sql({ dialect: MySQL, schema: names, upperCaseKeywords: true }),
    columnCompletion(names),
  ];
  const run = (view: EditorView) => {
    closeCompletion(view);
    options.onRun();
    return true;
  };
  const editor = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        keymap.of([
          { key: 'Mod-Enter', run },
          ...closeBracketsKeymap,
          ...defaultKeymap,
          ...historyKeymap,
          ...completionKeymap,
        ]),
        lineNumbers(),
        history(),
        bracketMatching(),
        closeBrackets(),
        autocompletion({ icons: false }),
        highlightActiveLine(),
        placeholder('SELECT …'),
        language.of(languageWith({})),
        syntaxHighlighting(colours),
        faultField,
        look,
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': 'SQL', spellcheck: 'false' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) options.onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    chosen: () => chosenIn(editor.state),
    put(text) {
      const changes = { from: 0, to: editor.state.doc.length, insert: text };
      editor.dispatch({ changes, selection: { anchor: text.length } });
      editor.focus();
    },
    complete: (names) => editor.dispatch({ effects: language.reconfigure(languageWith(names)) }),
    mark: (place) => editor.dispatch({ effects: setFault.of(place) }),
    focus: () => editor.focus(),
    end: () => editor.destroy(),
  };
}

function chosenIn(state: EditorState): { sql: string; offset: number } | undefined {
  const { from, to, empty, head } = state.selection.main;
  const text = state.doc.toString();
  const span = empty ? statementAt(text, head) : { from, to };
  if (span === undefined) return undefined;
  const chosen = text.slice(span.from, span.to);
  const sqlText = chosen.trim().replace(/;\s*$/, '');
  if (sqlText === '') return undefined;
  return { sql: sqlText, offset: span.from + chosen.indexOf(sqlText) };
}
