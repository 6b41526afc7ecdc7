// What reaches somebody who does not look at the timeline: the title, notifications, and words for screen readers.

import { byId } from './dom.js';

/** New cheeps are read out together, at most this often. */
const ANNOUNCE_MS = 5000;
/** A notification holds no more of a cheep. */
const NOTE_CHARS = 200;

const title = document.title;

/** @param {number} unseen  cheeps that nobody was shown */
export function showUnseen(unseen) {
  const wanted = unseen === 0 ? title : `(${unseen}) ${title}`;
  if (document.title !== wanted) document.title = wanted;
}

/** Reads new cheeps out without a flood: one by itself, many as their number. */
export class Announcer {
  #waiting = { count: 0, newest: null };
  #timer = null;

  /** @param {import('./protocol.js').Cheep[]} cheeps  those that came, oldest first */
  arrived(cheeps) {
    if (cheeps.length === 0) return;
    this.#waiting = { count: this.#waiting.count + cheeps.length, newest: cheeps.at(-1) };
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      const { count, newest } = this.#waiting;
      this.#waiting = { count: 0, newest: null };
      say(count === 1 ? `${newest.name}: ${newest.cheep}` : `${count} new cheeps`);
    }, ANNOUNCE_MS);
  }
}

/** @param {string} sentence */
export function say(sentence) {
  byId('announcer').textContent = sentence;
}

/** Whether this browser lets this page notify at all: only over https or from the same machine. */
export const canNotify = 'Notification' in window && window.isSecureContext;

/** Asks the browser's user; true if notifications may be shown. */
export async function askToNotify() {
  return canNotify && (await Notification.requestPermission()) === 'granted';
}

/** @param {import('./protocol.js').Cheep} cheep */
export function notify({ seq, name, cheep }) {
  if (!canNotify || Notification.permission !== 'granted') return;
  try {
    // Two tabs with the same tag show one.
    const note = new Notification(`${name} mentioned you`, { body: cheep.slice(0, NOTE_CHARS), tag: `cheep-${seq}`, icon: '/icon.svg' });
    note.addEventListener('click', () => {
      window.focus();
      note.close();
    });
  } catch {
    // Some browsers of phones have the class, and throw.
  }
}
