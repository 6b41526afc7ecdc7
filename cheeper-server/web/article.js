// Draws one cheep, or one line between cheeps. What somebody wrote becomes text nodes and nothing else.

import { element } from './dom.js';
import { foldName } from './protocol.js';
import { drawReactions } from './reactions.js';
import { goTogether } from './scripts.js';
import { isMentioned, isNamed, parts } from './text.js';
import { ago, dayName, fullDate } from './time.js';

/** @typedef {import('./protocol.js').Cheep} Cheep */
/** @typedef {import('./follow.js').Submission} Submission */
/**
 * @typedef {object} Context  what is true for all cheeps drawn
 * @property {import('./text.js').Reader | null} reader
 * @property {boolean} isClaimed  the reader's name is claimed by the reader
 * @property {boolean} isHost  the reader keeps order here
 * @property {number} now
 * @property {boolean} isLive
 * @property {(seq: number) => Cheep | undefined} quoted  what a reply answers, if it is here
 * @property {(seq: number) => Submission[]} pendingOf  what the reader wants changed and the server has not taken yet
 * @property {(seq: number) => string} refusalOf  why the server did not take a change; empty for nothing
 * @property {((text: string) => string[]) | null} [found]  cuts a text at what is looked for
 * @property {number | null} [wanted]  the cheep that all this is about
 */

const DELETED = { author: 'deleted by its author', host: 'deleted by a host' };

/** All that a drawn cheep depends on: while it is the same, so is the drawing, but for the passing of time. */
export function lookOf(cheep, { reader, isClaimed, isHost, isLive, pendingOf, refusalOf }) {
  const changes = pendingOf(cheep.seq);
  return [cheep, reader, isClaimed, isHost, refusalOf(cheep.seq), changes.length > 0 && isLive, changes.map(({ id, on }) => `${id} ${on}`).join()];
}

/** @param {Cheep} cheep @param {Context} context */
export function drawCheep(cheep, context, prefix = 'c') {
  const { seq, name, deleted, reply_to: answered } = cheep;
  const { reader } = context;
  const changes = context.pendingOf(seq);
  const id = `${prefix}${seq}`;
  // The reader's own correction is shown before the server has it; that it is on its way stands beside it.
  const text = changes.findLast(({ type }) => type === 'edit')?.cheep ?? cheep.cheep;
  const isOwn = isNamed(name, reader);
  const isForReader = !isOwn && isMentioned(text, reader);
  const article = element('article', {
    class: ['cheep', isOwn && 'own', isForReader && 'mentioned', changes.some(isOfText) && 'pending', deleted && 'deleted', seq === context.wanted && 'wanted'].filter(Boolean).join(' '),
    id, tabindex: '-1', 'data-seq': String(seq), 'aria-labelledby': `${id}-name`, 'aria-describedby': `${id}-text`,
  });
  article.append(drawHead(cheep, id, changes, isOwn && context.isClaimed, context));
  if (answered !== undefined) article.append(drawQuote(answered, context));
  article.append(deleted ? element('p', { class: 'gone', id: `${id}-text` }, DELETED[deleted]) : drawText(text, context, `${id}-text`));
  const refusal = context.refusalOf(seq);
  if (refusal) article.append(element('p', { class: 'refusal' }, refusal));
  const foot = [...drawReactions(cheep, changes, reader), ...drawAnswers(cheep)];
  if (foot.length > 0) article.append(element('div', { class: 'foot' }, ...foot));
  return article;
}

/** A post of ours that has no place in the timeline yet, or whose event is on its way. */
export function drawPending({ post, seq }, name, context) {
  const note = seq !== null ? 'sent' : context.isLive ? 'sending …' : 'not sent yet';
  const article = element('article', { class: seq === null ? 'cheep own pending' : 'cheep own', 'aria-label': `${name}, ${note}` });
  article.append(element('div', { class: 'head' }, element('span', { class: 'author' }, drawName(name)), element('span', { class: 'note' }, note)));
  if (post.reply_to !== undefined) article.append(drawQuote(post.reply_to, context));
  article.append(drawText(post.cheep, context));
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
  const text = cheep.deleted ? element('span', { class: 'gone' }, DELETED[cheep.deleted]) : element('bdi', {}, cheep.cheep.replaceAll('\n', ' '));
  quote.replaceChildren(drawName(cheep.name), ' ', text);
}

/** What replies on the page answer has come, or is another now. */
export function fillQuotes(seq, cheep) {
  for (const quote of document.querySelectorAll(`.quote[data-to="${seq}"]`)) fillQuote(quote, cheep);
}

/** Brings what is drawn of the passing of time up to `now`. */
export function refreshTimes(root, now) {
  for (const time of root.querySelectorAll('time:not(.edited)')) {
    const text = ago(time.dateTime, now);
    if (time.firstChild.textContent !== text) time.firstChild.textContent = text;
  }
}

function drawQuote(seq, { quoted }) {
  const quote = element('a', { class: 'quote', href: `#c${seq}`, 'data-to': String(seq) });
  fillQuote(quote, quoted(seq));
  return quote;
}

/** A name, and beside it what is to be known of it: letters of another script may be there to look like somebody else's name. */
function drawName(name) {
  const drawn = element('bdi', { class: 'name' }, name);
  drawn.style.setProperty('--hue', String(hue(name)));
  const both = document.createDocumentFragment();
  both.append(drawn);
  if (!goTogether(name)) both.append(element('span', { class: 'mixed', role: 'img', 'aria-label': 'mixes scripts', title: 'mixes scripts: some letters may be others than they seem' }, '\u26A0\uFE0E'));
  return both;
}

function drawHead(cheep, id, changes, isOurs, { now, isLive, isHost }) {
  const { name, verified, at, edited_at: editedAt } = cheep;
  const author = element('span', { class: 'author', id: `${id}-name` }, drawName(name));
  if (verified) author.append(element('span', { class: 'verified', role: 'img', 'aria-label': 'verified', title: 'verified: only who claimed this name can use it' }, '✓'));
  const head = element('div', { class: 'head' }, author, drawTime(ago(at, now), fullDate(at), { datetime: at }));
  if (editedAt !== undefined) head.append(drawTime('edited', `edited: ${fullDate(editedAt)}`, { class: 'edited', datetime: editedAt }));
  const note = noteOf(changes, isLive);
  if (note) head.append(element('span', { class: 'note' }, note));
  head.append(drawActions(cheep, changes, isOurs, isHost));
  return head;
}

/** What is seen is short, and may change with time; what is heard is the whole date. */
function drawTime(shown, heard, attributes) {
  const time = element('time', { ...attributes, title: heard });
  time.append(element('span', { 'aria-hidden': 'true' }, shown), element('span', { class: 'unseen' }, heard));
  return time;
}

const isOfText = ({ type }) => type === 'edit' || type === 'delete';

/** How the change of a text stands that the server has not taken yet. */
function noteOf(changes, isLive) {
  const last = changes.findLast(isOfText);
  if (!last) return '';
  if (last.type === 'edit') return isLive ? 'saving …' : 'not saved yet';
  return isLive ? 'deleting …' : 'not deleted yet';
}

/** What the reader can do with a cheep: with one that is to go or is gone, nothing is left but to answer. */
function drawActions({ name, verified, deleted }, changes, isOurs, isHost) {
  const isGoing = Boolean(deleted) || changes.some(({ type }) => type === 'delete');
  const actions = element('span', { class: 'actions' }, button('reply', 'Reply', name));
  if (!isGoing) actions.append(button('choose', 'React', name), button('copy', 'Copy', name));
  if (!isGoing && isOurs && verified) actions.append(button('edit', 'Edit', name), button('delete', 'Delete', name));
  // Who wrote something that is gone may still have to be muted.
  if (isHost) actions.append(button('moderate', 'Keep order', name, '⚑'));
  return actions;
}

function drawAnswers({ replies = 0, name }) {
  if (replies === 0) return [];
  return [button('thread', replies === 1 ? '1 answer' : `${replies} answers`, name)];
}

function drawText(text, { found }, id) {
  const drawn = element('p', { class: 'text', dir: 'auto' });
  if (id) drawn.id = id;
  for (const { kind, text: part } of parts(text)) {
    const shown = marked(part, found);
    if (kind === 'text') drawn.append(...shown);
    else if (kind === 'link') drawn.append(element('a', { href: new URL(part).href, rel: 'noopener noreferrer nofollow', target: '_blank' }, ...shown));
    else drawn.append(element('span', { class: kind }, element('bdi', {}, ...shown)));
  }
  return drawn;
}

/** A part of a text, with what was looked for marked in it. */
function marked(text, found) {
  if (!found) return [text];
  // Every second piece is something found.
  return found(text).map((piece, at) => (at % 2 === 1 ? element('mark', {}, piece) : piece));
}

function button(what, label, name, shown = label) {
  return element('button', { class: 'quiet', type: 'button', 'data-do': what, 'aria-label': `${label}: ${name}` }, shown);
}

/** A colour for a name, the same on every page: FNV-1a of what makes two names one. */
function hue(name) {
  let hash = 0x811c9dc5;
  for (const unit of foldName(name)) hash = Math.imul(hash ^ unit.codePointAt(0), 0x01000193);
  return (hash >>> 0) % 360;
}
