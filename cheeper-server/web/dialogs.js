// Dialogs that need nothing from the server: help with its settings, and the question before a cheep is deleted.

import { byId, element } from './dom.js';

export function showHelp() {
  byId('help').showModal();
}

/**
 * Ties the settings to what they do.
 * @param {{shortcuts: boolean, notify: boolean}} settings
 * @param {(settings: {shortcuts: boolean, notify: boolean}) => Promise<string>} onChange  gives a sentence if it cannot be
 */
export function bindSettings(settings, onChange) {
  const show = () => Object.keys(settings).forEach((name) => { byId(name).checked = settings[name]; });
  show();
  for (const name of Object.keys(settings)) {
    byId(name).addEventListener('change', async ({ target }) => {
      settings[name] = target.checked;
      byId('settings-refusal').textContent = await onChange(settings);
      show();
    });
  }
}

/** Asks once more before a cheep is deleted. What it says is not repeated here: it may change meanwhile. */
export function askToDelete(onYes) {
  ask('Delete', 'Its text and reactions go, for everybody and for good.', onYes);
}

/** Asks once more before something that cannot be taken back. @param {string} yes  the button's label @param {string} outcome */
export function ask(yes, outcome, onYes) {
  byId('delete-title').textContent = outcome;
  byId('delete-yes').textContent = yes;
  byId('delete-yes').onclick = onYes;
  byId('delete').showModal();
  // A key that was pressed once too often deletes nothing.
  byId('delete-no').focus();
}

/** A click beside a dialog closes it, as its button and Escape do. */
export function closeOnBackdrop(dialogs = document.querySelectorAll('dialog')) {
  for (const dialog of dialogs) dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close());
}

/** Makes a dialog that few need. What it holds is secret or somebody else's, so nothing of it stays once it is closed. */
export function addDialog(id) {
  const title = element('h2', { id: `${id}-title` });
  const content = element('div', { class: 'content' });
  const close = element('form', { method: 'dialog', class: 'row' }, title, element('button', { class: 'quiet' }, 'Close'));
  const dialog = element('dialog', { id, 'aria-labelledby': title.id }, close, content);
  // It hears of it a moment later, and may be open again by then.
  dialog.addEventListener('close', () => dialog.open || content.replaceChildren());
  closeOnBackdrop([dialog]);
  document.body.append(dialog);
  return {
    content,
    /** Shows this, under this title. @param {...(Node | string)} shown */
    show(name, ...shown) {
      title.textContent = name;
      content.replaceChildren(...shown);
      if (!dialog.open) dialog.showModal();
    },
    close: () => dialog.close(),
  };
}
