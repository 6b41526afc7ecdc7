// Reactions: what stands below a cheep, and the small dialog in which one is chosen.

import { byId, element, onSubmit } from './dom.js';
import { parseEmoji } from './protocol.js';
import { isNamed } from './text.js';

/** What most people react with, here and in the terminal; anything else can be typed. */
export const USUAL = ['♥️', '👍', '🎉', '😂', '😮', '😢'];

/**
 * The kinds of reactions as buttons; those on their way are there already, and do nothing until they are taken.
 * @param {import('./protocol.js').Cheep} cheep
 * @param {import('./follow.js').Submission[]} changes
 * @param {import('./text.js').Reader | null} reader
 */
export function drawReactions({ reactions = [], deleted }, changes, reader) {
  if (deleted) return [];
  const asked = new Set(changes.filter(({ type }) => type === 'react').map(({ emoji }) => emoji));
  const known = new Set(reactions.map(({ emoji }) => emoji));
  const fresh = [...asked].filter((emoji) => !known.has(emoji)).map((emoji) => ({ emoji, count: 0, names: [] }));
  return [...reactions, ...fresh].map((kind) => drawKind(kind, asked.has(kind.emoji), reader));
}

function drawKind({ emoji, count, names }, isAsked, reader) {
  const who = isAsked ? 'saving …' : whoReacted(count, names);
  const shown = count > 0 ? `${emoji} ${count}` : `${emoji} …`;
  return element('button', {
    class: 'reaction', type: 'button', 'data-do': 'react', 'data-emoji': emoji,
    'aria-pressed': String(names.some((name) => isNamed(name, reader))), ...(isAsked && { 'aria-disabled': 'true' }),
    title: who, 'aria-label': `${shown}: ${who}`,
  }, shown);
}

/** Each name for itself: one that is written from right to left turns none of the others round. */
function whoReacted(count, names) {
  const more = count - names.length;
  return [...names.map((name) => `\u2068${name}\u2069`), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

/** Whether the reader stands among those who reacted to a cheep with this. */
export function hasReacted({ reactions = [] }, emoji, reader) {
  return reactions.some((kind) => kind.emoji === emoji && kind.names.some((name) => isNamed(name, reader)));
}

/** The dialog in which a reaction is chosen. */
export class Chooser {
  #dialog = byId('choose');
  #field = byId('emoji');
  /** What is to be done with the emoji. */
  #onChosen = () => {};

  constructor() {
    byId('usual').replaceChildren(...USUAL.map((emoji) => element('button', { class: 'reaction', type: 'button', 'data-emoji': emoji, 'aria-label': `React with ${emoji}` }, emoji)));
    byId('usual').addEventListener('click', ({ target }) => target.dataset.emoji && this.#choose(target.dataset.emoji));
    onSubmit(byId('emoji-form'), () => this.#choose(this.#field.value));
    this.#field.addEventListener('input', () => this.#showRefusal(''));
  }

  /** @param {(emoji: string) => void} onChosen */
  open(onChosen) {
    this.#onChosen = onChosen;
    this.#field.value = '';
    this.#showRefusal('');
    this.#dialog.showModal();
    // Not the button that closes it, and no field: a phone would show its keyboard.
    byId('usual').firstElementChild.focus();
  }

  #choose(typed) {
    try {
      const emoji = parseEmoji(typed.trim());
      this.#dialog.close();
      this.#onChosen(emoji);
    } catch (refusal) {
      this.#showRefusal(refusal.message);
    }
  }

  #showRefusal(sentence) {
    byId('emoji-refusal').textContent = sentence;
    this.#field.setAttribute('aria-invalid', String(sentence !== ''));
  }
}
