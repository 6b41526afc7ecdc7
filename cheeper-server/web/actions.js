// What can be done with a drawn cheep by mouse or keyboard, and the keys of the page.

import { say } from './signals.js';

const DONE_MS = 1500;

/**
 * @param {HTMLElement} root
 * @param {(seq: number) => void} onGo  somebody wants to see this cheep
 * @param {Record<string, (seq: number, control: HTMLElement) => void>} actions  what each control does, by its name
 */
export function bindActions(root, onGo, actions) {
  root.addEventListener('click', (event) => {
    const control = event.target.closest('[data-do], a.quote');
    if (!control) return;
    const article = control.closest('article');
    if (control.matches('a.quote')) {
      event.preventDefault();
      onGo(Number(control.dataset.to));
    } else if (control.dataset.do === 'copy') copyText(article.querySelector('.text'), control);
    else actions[control.dataset.do](Number(article.dataset.seq), control);
  });
}

/**
 * Keys without Ctrl, Alt or Meta, where no text is being typed.
 * @param {Record<string, (focused: HTMLElement | null) => void>} keys  what each does, and to which cheep
 * @param {() => boolean} areOn
 */
export function bindKeys(keys, areOn) {
  document.addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (key === 'Escape' && target.matches('textarea, input, #feed *')) target.blur();
    const dialog = target.closest('dialog');
    // One that was closed may keep the focus until the page is drawn again.
    const isTaken = dialog ? dialog.open : target.matches('textarea, input, select');
    if (!areOn() || isTaken || !Object.hasOwn(keys, key)) return;
    event.preventDefault();
    keys[key](document.activeElement?.closest('article[data-seq]'));
  });
}

/** Over plain http there is no clipboard but the one behind the selection. */
export async function copyText(text, button) {
  try {
    await navigator.clipboard.writeText(text.textContent);
  } catch {
    const selection = document.getSelection();
    selection.selectAllChildren(text);
    document.execCommand('copy');
    selection.removeAllRanges();
  }
  say('Copied');
  const { textContent: label } = button;
  button.textContent = 'Copied';
  setTimeout(() => { button.textContent = label; }, DONE_MS);
}
