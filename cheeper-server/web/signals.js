// What reaches somebody who does not look at the timeline: the title, notifications, and words for screen readers.

import { byId } from './dom.js';
import { isMentioned, isNamed } from './text.js';

/** New cheeps are read out together, at most this often. */
const ANNOUNCE_MS = 5000;
/** A notification holds no more of a cheep. */
const NOTE_CHARS = 200;
/** Notifications that can be taken away again. */
const KEPT_NOTES = 50;

const title = document.title;

/** @param {number} unseen  cheeps that nobody was shown */
export function showUnseen(unseen) {
  const wanted = unseen === 0 ? title : `(${unseen}) ${title}`;
  if (document.title !== wanted) document.title = wanted;
}

/** Tells of what came: reads it out to who is here, notifies who looks elsewhere and wants that. */
export class Announcer {
  #waiting = { count: 0, newest: null };
  #timer = null;
  /** The cheep that was read out last. */
  #said = null;

  /**
   * @param {import('./protocol.js').Cheep[]} cheeps  others' cheeps that came just now, oldest first; at least one
   * @param {import('./text.js').Reader | null} reader
   * @param {boolean} mayNotify
   */
  arrived(cheeps, reader, mayNotify) {
    if (!document.hidden) this.#readOut(cheeps);
    else if (mayNotify) cheeps.filter(({ cheep }) => isMentioned(cheep, reader)).slice(-1).forEach(notify);
  }

  /** A cheep reads otherwise than before: what it said is told no more, and somebody may be mentioned who was not. */
  changed(seq, before, cheep, reader, mayNotify) {
    const isGone = !cheep || Boolean(cheep.deleted);
    if (this.#waiting.newest?.seq === seq) this.#waiting.newest = isGone ? null : cheep;
    if (this.#said === seq) say('');
    if (isGone) withdraw(seq);
    else if (before && !isMentioned(before.cheep, reader) && !isNamed(cheep.name, reader)) {
      if (document.hidden && mayNotify && isMentioned(cheep.cheep, reader)) notify(cheep);
    }
  }

  /** Without a flood: one by itself, many as their number. */
  #readOut(cheeps) {
    this.#waiting = { count: this.#waiting.count + cheeps.length, newest: cheeps.at(-1) };
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      const { count, newest } = this.#waiting;
      this.#waiting = { count: 0, newest: null };
      this.#said = count === 1 ? newest?.seq : null;
      if (count > 1) say(`${count} new cheeps`);
      else if (newest) say(`${newest.name}: ${newest.cheep}`);
    }, ANNOUNCE_MS);
  }
}

/** @param {string} sentence */
export function say(sentence) {
  byId('announcer').textContent = sentence;
}

/** Whether this browser lets this page notify at all: only over https or from the same machine. */
const canNotify = 'Notification' in window && window.isSecureContext;

/**
 * Takes out of the settings what this browser does not let the page do, having asked its user.
 * @param {{notify: boolean}} settings
 * @returns {Promise<string>} why; empty for nothing
 */
export async function permitted(settings) {
  if (!settings.notify || (canNotify && (await Notification.requestPermission()) === 'granted')) return '';
  settings.notify = false;
  return canNotify ? 'This browser does not let the page notify: see its settings.' : 'Notifications need https, or a server on this machine.';
}

/** Notifications that may still be there, by their cheep. @type {Map<number, Notification>} */
const notes = new Map();

/** @param {import('./protocol.js').Cheep} cheep */
function notify({ seq, name, cheep }) {
  if (!canNotify || Notification.permission !== 'granted') return;
  try {
    // Two tabs with the same tag show one.
    const note = new Notification(`${name} mentioned you`, { body: cheep.slice(0, NOTE_CHARS), tag: `cheep-${seq}`, icon: 'icon.svg' });
    notes.set(seq, note);
    if (notes.size > KEPT_NOTES) notes.delete(notes.keys().next().value);
    note.addEventListener('click', () => {
      window.focus();
      note.close();
    });
  } catch {
    // Some browsers of phones have the class, and throw.
  }
}

/** Takes the notification of a cheep away. */
function withdraw(seq) {
  notes.get(seq)?.close?.();
  notes.delete(seq);
}
