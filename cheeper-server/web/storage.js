// What this browser keeps: name, secret, draft, and what is not done yet.

import { readSubmission } from './follow-outbox.js';

/** Below a path of its own is another timeline, whose posts are no business of the one beside it. At the root there is no more to say. */
const PLACE = new URL('.', location.href).pathname.replace(/^\/$/, '');
const IDENTITY = `cheeper${PLACE}.identity`;
const DRAFT = `cheeper${PLACE}.draft`;
const SEEN = `cheeper${PLACE}.seen`;
const THEME = 'cheeper.theme';
const SETTINGS = `cheeper${PLACE}.settings`;
const OUTBOX = `cheeper${PLACE}.outbox.`;

/** Where nothing can be kept (storage blocked or full), it is remembered as long as the page is open. */
const memory = new Map();

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? memory.get(key) ?? 'null');
  } catch {
    return JSON.parse(memory.get(key) ?? 'null');
  }
}

function write(key, value) {
  const text = JSON.stringify(value);
  try {
    localStorage.setItem(key, text);
    memory.delete(key);
  } catch {
    memory.set(key, text);
  }
}

function remove(key) {
  memory.delete(key);
  try {
    localStorage.removeItem(key);
  } catch {
    // Then it is not kept there either.
  }
}

function keys() {
  try {
    return Object.keys(localStorage);
  } catch {
    return [];
  }
}

/** A random id. `crypto.randomUUID` would need https. */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * The name that was chosen and the secret that goes with every name chosen here; null before the first.
 * @returns {import('./follow.js').Identity | null}
 */
export function loadIdentity() {
  const kept = read(IDENTITY);
  return typeof kept?.name === 'string' && typeof kept?.secret === 'string' ? { name: kept.name, secret: kept.secret } : null;
}

/** @returns {import('./follow.js').Identity} */
export function saveName(name) {
  const identity = { name, secret: loadIdentity()?.secret ?? randomId() };
  write(IDENTITY, identity);
  return identity;
}

/** A name that was carried here from another device. @param {import('./follow.js').Identity} identity */
export function saveIdentity({ name, secret }) {
  write(IDENTITY, { name, secret });
}

/** Tells when another tab chose a name. */
export function onIdentityChange(tell) {
  window.addEventListener('storage', ({ key }) => key === IDENTITY && loadIdentity() && tell(loadIdentity()));
}

/** @returns {{text: string, replyTo: number | null}} */
export function loadDraft() {
  const draft = read(DRAFT);
  return {
    text: typeof draft?.text === 'string' ? draft.text : '',
    replyTo: Number.isSafeInteger(draft?.replyTo) ? draft.replyTo : null,
  };
}

export function saveDraft(draft) {
  write(DRAFT, draft);
}

/** The newest seq of this timeline that was shown to somebody here; null if none was. */
export function loadSeen(timelineId) {
  const kept = read(SEEN);
  return kept?.timelineId === timelineId && Number.isSafeInteger(kept.seq) ? kept.seq : null;
}

export function saveSeen(timelineId, seq) {
  write(SEEN, { timelineId, seq });
}

/** @returns {'light' | 'dark' | 'auto'} */
export function loadTheme() {
  const theme = read(THEME);
  return theme === 'light' || theme === 'dark' ? theme : 'auto';
}

/** theme.js reads it, too. */
export function saveTheme(theme) {
  write(THEME, theme);
}

/** @returns {{shortcuts: boolean, notify: boolean}} */
export function loadSettings() {
  const kept = read(SETTINGS);
  return { shortcuts: kept?.shortcuts !== false, notify: kept?.notify === true };
}

export function saveSettings(settings) {
  write(SETTINGS, settings);
}

/**
 * What this tab has not done yet. Each tab has a box of its own, under a lock that it holds as long as it lives; who gets
 * another's lock knows that tab to be gone, by a reload or for good, and takes over what it left. Without locks (a page
 * over plain http) every box found at the start is taken over: their ids keep that safe.
 */
export class Outbox {
  #key = OUTBOX + randomId();
  #kept = '[]';
  #watched = new Set();

  constructor() {
    // Never let go: the browser does when the tab is gone.
    navigator.locks?.request(this.#key, () => new Promise(() => {}));
  }

  /** @param {import('./follow.js').Submission[]} submissions */
  save(submissions) {
    const text = JSON.stringify(submissions);
    if (text === this.#kept) return;
    this.#kept = text;
    if (submissions.length > 0) write(this.#key, submissions);
    else remove(this.#key);
  }

  /**
   * Finds what tabs left behind, now and later.
   * @param {(submission: import('./follow.js').Submission) => void} adopt
   */
  adoptOrphans(adopt) {
    const others = keys().filter((key) => key.startsWith(OUTBOX) && key !== this.#key);
    const takeOver = (key) => {
      const left = read(key);
      if (Array.isArray(left)) left.map(readSubmission).filter(Boolean).forEach(adopt);
      remove(key);
    };
    if (!navigator.locks) {
      others.forEach(takeOver);
      return;
    }
    const watch = (key) => {
      if (this.#watched.has(key)) return;
      this.#watched.add(key);
      navigator.locks.request(key, () => takeOver(key));
    };
    others.forEach(watch);
    window.addEventListener('storage', ({ key }) => key?.startsWith(OUTBOX) && watch(key));
  }
}
