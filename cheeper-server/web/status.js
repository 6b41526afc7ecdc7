// How the connection stands, in words; and the pill, the end of the timeline and the colours' switch round it.

import { byId, element } from './dom.js';

const STATES = { live: 'live', waiting: 'offline', barred: 'offline: not let in' };
const THEMES = { auto: 'as the system', light: 'light', dark: 'dark' };

/**
 * @param {{link: {is: string}, online: number, unsent: number, waitMs: number}} connection
 */
export function showStatus({ link, online, unsent, waitMs }) {
  const isLive = link.is === 'live';
  const dot = element('span', { class: isLive ? 'dot live' : 'dot', 'aria-hidden': 'true' }, isLive ? '● ' : '◌ ');
  const state = STATES[link.is] ?? 'connecting';
  const detail = isLive ? ` · ${online} online` : waitMs > 0 ? `, again in ${Math.ceil(waitMs / 1000)}\u00A0s` : '';
  // What changes every second is there to see, but is not read out each time.
  const rest = element('span', { 'aria-live': 'off' }, detail, unsent > 0 ? ` · ${unsent} unsent` : '');
  const status = byId('status');
  if (status.textContent !== dot.textContent + state + rest.textContent) status.replaceChildren(dot, state, rest);
  byId('retry').hidden = link.is !== 'waiting' && link.is !== 'barred';
}

export function showWaiting(count) {
  byId('pill').hidden = count === 0;
  byId('pill').textContent = count === 1 ? '1 new cheep ↑' : `${count} new cheeps ↑`;
}

/** @param {string} sentence  what stands below the oldest cheep */
export function showEnd(sentence) {
  if (byId('end').textContent !== sentence) byId('end').textContent = sentence;
}

/** @param {'auto' | 'light' | 'dark'} theme */
export function showTheme(theme) {
  document.documentElement.dataset.theme = theme;
  const label = `Colours: ${THEMES[theme]}`;
  byId('theme').setAttribute('aria-label', label);
  byId('theme').title = label;
  const ground = getComputedStyle(document.documentElement).backgroundColor;
  // Which of the two counts is the system's choice, not the reader's.
  for (const meta of document.querySelectorAll('meta[name=theme-color]')) {
    meta.dataset.system ??= meta.content;
    meta.content = theme === 'auto' ? meta.dataset.system : ground;
  }
}

/** The choice after this one. */
export function nextTheme(theme) {
  const themes = Object.keys(THEMES);
  return themes[(themes.indexOf(theme) + 1) % themes.length];
}
