// Dialogs that need nothing from the server: help with its settings, and the question before a cheep is deleted.

import { byId } from './dom.js';

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
  byId('delete-yes').onclick = onYes;
  byId('delete').showModal();
  // A key that was pressed once too often deletes nothing.
  byId('delete-no').focus();
}

/** A click beside a dialog closes it, as its button and Escape do. */
export function closeOnBackdrop() {
  for (const dialog of document.querySelectorAll('dialog')) {
    dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close());
  }
}
