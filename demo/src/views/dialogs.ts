// Questions in between: a decision, or one line of text.
import { h, newId } from '../dom.js';

export interface Question {
  readonly title: string;
  readonly text: string;
  readonly action: string;
}

// Resolves when it is closed: true when the action was chosen.
export async function confirmed(question: Question): Promise<boolean> {
  return (await ask(question, [])) !== null;
}

// The line, trimmed; null when it was given up.
export async function askedLine(question: Question, label: string, proposal: string): Promise<string | null> {
  const id = newId('line');
  const input = h('input', { id, class: 'field', required: true, maxlength: 400, autocomplete: 'off', value: proposal });
  const answer = await ask(question, [h('label', { for: id, class: 'field-label' }, label), input]);
  return answer === null ? null : input.value.trim();
}

function ask({ title, text, action }: Question, fields: HTMLElement[]): Promise<string | null> {
  const heading = newId('question');
  const dialog = h(
    'dialog',
    { class: 'dialog', 'aria-labelledby': heading },
    h(
      'form',
      { method: 'dialog', class: 'dialog-form' },
      h('h2', { id: heading, class: 'dialog-title' }, title),
      h('p', { class: 'dialog-text' }, text),
      ...fields,
      h(
        'div',
        { class: 'dialog-actions' },
        h('button', { type: 'submit', class: 'button', formnovalidate: true, value: '' }, 'Cancel'),
        h('button', { type: 'submit', class: 'button primary', value: 'yes' }, action),
      ),
    ),
  );
  return shown(dialog);
}

// Shows a dialog until it is closed; null unless it was closed with a value.
export function shown(dialog: HTMLDialogElement): Promise<string | null> {
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === '' ? null : dialog.returnValue);
    });
  });
}
