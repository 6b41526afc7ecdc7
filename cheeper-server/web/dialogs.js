// The two dialogs: help with its settings, and a look at a part of the timeline that is not loaded.

import { drawCheep } from './article.js';
import { byId } from './dom.js';
import { cheepOf } from './protocol.js';

/** Cheeps shown round the one that is looked for. */
const AROUND = 11;

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

/**
 * Shows a cheep among its neighbours.
 * @param {number} seq
 * @param {(part: {around: number, limit: number}) => Promise<import('./protocol.js').Page>} look
 * @param {import('./article.js').Context} context
 */
export async function showAround(seq, look, context) {
  const list = byId('around-list');
  if (!byId('around').open) byId('around').showModal();
  list.replaceChildren('Looking for it …');
  try {
    const { events } = await look({ around: seq, limit: AROUND });
    const cheeps = events.map(cheepOf).filter(Boolean).reverse();
    list.replaceChildren(...cheeps.map((cheep) => drawCheep(cheep, context, 'a')));
    const wanted = byId(`a${seq}`);
    wanted?.classList.add('wanted');
    wanted?.focus({ preventScroll: true });
    wanted?.scrollIntoView({ block: 'center' });
  } catch (error) {
    list.replaceChildren(error.message);
  }
}

/** A click beside a dialog closes it, as its button and Escape do. */
export function closeOnBackdrop() {
  for (const dialog of document.querySelectorAll('dialog')) {
    dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close());
  }
}
