// Draws one cheep, or one line between cheeps. What somebody wrote becomes text nodes and nothing else.

import { element } from './dom.js';
import { foldName } from './protocol.js';
import { isMentioned, isNamed, parts } from './text.js';
import { ago, dayName, fullDate } from './time.js';

/**
 * @typedef {object} Context  what is true for all cheeps drawn
 * @property {import('./text.js').Reader | null} reader
 * @property {number} now
 * @property {boolean} isLive
 * @property {(seq: number) => import('./protocol.js').Cheep | undefined} quoted  what a reply answers, if it is here
 */

/** @param {import('./protocol.js').Cheep} cheep @param {Context} context */
export function drawCheep(cheep, context, prefix = 'c') {
  const { seq, name, verified, at, reply_to: answered } = cheep;
  const { reader, now } = context;
  const id = `${prefix}${seq}`;
  const time = element('time', { datetime: at, title: fullDate(at) });
  // What is seen changes with time; what is heard is the whole date.
  time.append(element('span', { 'aria-hidden': 'true' }, ago(at, now)), element('span', { class: 'unseen' }, fullDate(at)));
  const author = element('span', { class: 'author', id: `${id}-name` }, drawName(name));
  if (verified) author.append(element('span', { class: 'verified', role: 'img', 'aria-label': 'verified', title: 'verified: only who claimed this name can use it' }, '✓'));
  const actions = element('span', { class: 'actions' }, button('reply', 'Reply', name), button('copy', 'Copy', name));
  const isOwn = isNamed(name, reader);
  const isForReader = !isOwn && isMentioned(cheep.cheep, reader);
  const article = element('article', {
    class: ['cheep', isOwn && 'own', isForReader && 'mentioned'].filter(Boolean).join(' '),
    id, tabindex: '-1', 'data-seq': String(seq), 'aria-labelledby': `${id}-name`, 'aria-describedby': `${id}-text`,
  });
  article.append(element('div', { class: 'head' }, author, time, actions));
  if (answered !== undefined) article.append(drawQuote(answered, context));
  article.append(drawText(cheep.cheep, `${id}-text`));
  return article;
}

/** A post of ours that has no place in the timeline yet, or whose event is on its way. */
export function drawPending({ post, seq }, name, context) {
  const note = seq !== null ? 'sent' : context.isLive ? 'sending …' : 'not sent yet';
  const article = element('article', { class: seq === null ? 'cheep own pending' : 'cheep own', 'aria-label': `${name}, ${note}` });
  article.append(element('div', { class: 'head' }, element('span', { class: 'author' }, drawName(name)), element('span', { class: 'note' }, note)));
  if (post.reply_to !== undefined) article.append(drawQuote(post.reply_to, context));
  article.append(drawText(post.cheep));
  return article;
}

export function drawDay(at, now) {
  return element('div', { class: 'line' }, dayName(at, now));
}

export function drawMark() {
  return element('div', { class: 'line mark' }, 'new since you were here');
}

/** Says who wrote what in one line; `cheep` is undefined as long as it is not here. */
export function fillQuote(quote, cheep) {
  if (!cheep) {
    quote.replaceChildren('an earlier cheep');
    return;
  }
  const text = element('bdi', {}, cheep.cheep.replaceAll('\n', ' '));
  quote.replaceChildren(drawName(cheep.name), ' ', text);
}

/** A cheep has come that replies on the page answer. */
export function fillQuotes(cheep) {
  for (const quote of document.querySelectorAll(`a.quote[data-to="${cheep.seq}"]`)) fillQuote(quote, cheep);
}

/** Brings what is drawn of the passing of time up to `now`. */
export function refreshTimes(root, now) {
  for (const time of root.querySelectorAll('time')) {
    const text = ago(time.dateTime, now);
    if (time.firstChild.textContent !== text) time.firstChild.textContent = text;
  }
}

function drawQuote(seq, { quoted }) {
  const quote = element('a', { class: 'quote', href: `#c${seq}`, 'data-to': String(seq) });
  fillQuote(quote, quoted(seq));
  return quote;
}

function drawName(name) {
  const drawn = element('bdi', { class: 'name' }, name);
  drawn.style.setProperty('--hue', String(hue(name)));
  return drawn;
}

function drawText(text, id) {
  const drawn = element('p', { class: 'text', dir: 'auto' });
  if (id) drawn.id = id;
  for (const { kind, text: part } of parts(text)) {
    if (kind === 'text') drawn.append(part);
    // The browser may still refuse a host of other letters than ASCII: then the link leads nowhere.
    else if (kind === 'link') drawn.append(element('a', { href: part, rel: 'noopener noreferrer nofollow', target: '_blank' }, part));
    else drawn.append(element('span', { class: kind }, element('bdi', {}, part)));
  }
  return drawn;
}

function button(what, label, name) {
  return element('button', { class: 'quiet', type: 'button', 'data-do': what, 'aria-label': `${label}: ${name}` }, label);
}

/** A colour for a name, the same on every page: FNV-1a of what makes two names one. */
function hue(name) {
  let hash = 0x811c9dc5;
  for (const unit of foldName(name)) hash = Math.imul(hash ^ unit.codePointAt(0), 0x01000193);
  return (hash >>> 0) % 360;
}
