// Reactions: what stands below a cheep, and the small dialog in which one is chosen.

import { byId, element, onSubmit } from './dom.js';
import { parseEmoji } from './protocol.js';
import { isNamed } from './text.js';

/** What most people react with, here and in the terminal; anything else can be typed. */
export const USUAL = ['♥️', '👍', '🎉', '😂', '😮', '😢'];

/**
 * The kinds of reactions as buttons. One that is on its way is there already, and says so until the server has it.
 * @param {import('./protocol.js').Cheep} cheep
 * @param {import('./follow.js').Submission[]} changes
 * @param {import('./text.js').Reader | null} reader
 */
export function drawReactions({ reactions = [], deleted }, changes, reader) {
  if (deleted) return [];
  const asked = new Map(changes.filter(({ type }) => type === 'react').map(({ emoji, on }) => [emoji, on]));
  const known = new Set(reactions.map(({ emoji }) => emoji));
  const fresh = [...asked.keys()].filter((emoji) => !known.has(emoji)).map((emoji) => ({ emoji, count: 0, names: [] }));
  return [...reactions, ...fresh].map((kind) => drawKind(kind, asked.get(kind.emoji), reader));
}

/** @param {boolean | undefined} asked  what the reader wants and the server does not have yet */
function drawKind({ emoji, count, names }, asked, reader) {
  const isWaiting = asked !== undefined;
  const who = isWaiting ? WAITING[asked] : whoReacted(count, names);
  const shown = [emoji, ...(count > 0 ? [count] : []), ...(isWaiting ? ['…'] : [])].join(' ');
  return element('button', {
    class: isWaiting ? 'reaction waiting' : 'reaction', type: 'button', 'data-do': 'react', 'data-emoji': emoji,
    'aria-pressed': String(asked ?? names.some((name) => isNamed(name, reader))), title: who, 'aria-label': `${shown}: ${who}`,
  }, shown);
}

const WAITING = { true: 'your reaction is on its way', false: 'on its way to be taken back' };

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
