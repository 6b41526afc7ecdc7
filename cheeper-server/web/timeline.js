// What is shown: the part of the timeline that is loaded, how much of it the reader was shown, and our posts under way.
// A pure reducer: it knows no page, no socket, no clock. Actions are outputs of follow.js and what the reader does.

import { cheepOf } from './protocol.js';

/**
 * @typedef {import('./protocol.js').Event} Event
 * @typedef {import('./protocol.js').Cheep} Cheep
 * @typedef {import('./follow.js').Post} Post
 * @typedef {{post: Post, seq: number | null}} Pending  With a seq it is on the timeline, and its event is on its way.
 * @typedef {object} Timeline
 * @property {Event[]} events  what is loaded, ascending without a hole
 * @property {number | null} held  while somebody reads, the newest seq that is drawn; null follows the timeline's end
 * @property {boolean} isAway  nobody looks, or what there is to see is not all here yet
 * @property {number | null} seen  the newest seq that somebody was shown; null if nobody ever was
 * @property {number | null} mark  "new since you were here" stands above this seq
 * @property {Pending[]} pending  oldest first
 * @typedef {import('./follow.js').Output | {do: 'post', post: Post} | {do: 'remember', seq: number}
 *   | {do: 'hold' | 'follow' | 'away' | 'back'}} Action
 * @typedef {{key: object | string, kind: 'cheep', cheep: Cheep} | {key: string, kind: 'day', at: string}
 *   | {key: string, kind: 'mark'}} Row
 */

/** Most events that are kept; past it, and while nobody reads further down, the oldest are dropped. */
export const KEPT_EVENTS = 120_000;
/** How many are dropped at once. */
export const DROPPED_EVENTS = 20_000;

/** @type {Readonly<Timeline>} */
export const EMPTY = Object.freeze({ events: [], held: null, isAway: true, seen: null, mark: null, pending: [] });

/**
 * @param {Timeline} state
 * @param {Action} action
 * @returns {Timeline}
 */
export function reduce(state, action) {
  switch (action.do) {
    case 'reset':
      return { ...EMPTY, isAway: state.isAway, pending: state.pending.filter(({ seq }) => seq === null) };
    case 'remember':
      return { ...state, seen: action.seq };
    case 'events':
      return appended(state, action.events);
    case 'older':
      // What was asked for before the oldest were dropped does not join on.
      return action.events.at(-1)?.seq === state.events[0]?.seq - 1 ? { ...state, events: action.events.concat(state.events) } : state;
    case 'post':
      return { ...state, pending: [...state.pending, { post: action.post, seq: null }] };
    case 'posted':
      return { ...state, pending: state.pending.flatMap((pending) => placed(pending, action, lastSeq(state))) };
    case 'refused':
      return { ...state, pending: state.pending.filter(({ post }) => post.id !== action.post.id) };
    case 'hold':
      return state.held === null && state.events.length > 0 ? { ...state, held: lastSeq(state) } : state;
    case 'follow':
      return state.held === null ? state : shown({ ...state, held: null });
    case 'away':
      return state.isAway ? state : { ...state, isAway: true };
    case 'back':
      return state.isAway ? shown({ ...state, isAway: false }) : state;
    default:
      return state;
  }
}

/** Whether older events are to be had. */
export function hasMore({ events }) {
  return events.length > 0 && events[0].seq > 1;
}

/** The seqs of the oldest and newest events that may be drawn now; null if there are none. */
export function drawable(state) {
  const { events, held } = state;
  if (events.length === 0) return null;
  return { first: events[0].seq, last: held ?? lastSeq(state) };
}

/** Cheeps that wait behind those that are drawn. */
export function countWaiting(state) {
  return state.held === null ? 0 : countAfter(state, state.held);
}

/** Cheeps that nobody was shown. */
export function countUnseen(state) {
  return state.seen === null ? 0 : countAfter(state, state.seen);
}

/** @returns {Cheep | undefined} */
export function cheepAt({ events }, seq) {
  return events.length > 0 ? cheepOf(events[seq - events[0].seq]) : undefined;
}

/**
 * What is drawn of the seqs `from` to `to`, newest first: cheeps, and lines between them.
 * @param {Timeline} state
 * @param {number} from
 * @param {number} to
 * @param {(at: string) => string} dayOf  the reader's day in which a moment lies
 * @param {string} today
 * @returns {Row[]}
 */
export function rows(state, from, to, dayOf, today) {
  const { last } = drawable(state);
  let newer = nextCheep(state, to + 1, last);
  const drawn = [];
  for (let seq = to; seq >= from; seq -= 1) {
    const cheep = cheepAt(state, seq);
    if (!cheep) continue;
    if (newer && state.mark !== null && seq <= state.mark && newer.seq > state.mark) drawn.push({ key: 'mark', kind: 'mark' });
    const day = dayOf(cheep.at);
    // The newest cheeps stand below a line only if they are not of today.
    if (day !== (newer ? dayOf(newer.at) : today)) drawn.push({ key: `${day}, ${seq}`, kind: 'day', at: cheep.at });
    drawn.push({ key: cheep, kind: 'cheep', cheep });
    newer = cheep;
  }
  return drawn;
}

function appended(state, added) {
  let events = state.events.concat(added);
  if (events.length > KEPT_EVENTS && state.held === null) events = events.slice(DROPPED_EVENTS);
  const last = added.at(-1).seq;
  const pending = state.pending.filter(({ seq }) => seq === null || seq > last);
  const isShown = state.held === null && !state.isAway;
  return { ...state, events, pending, seen: isShown ? last : state.seen };
}

/** Somebody looks at the end of the timeline, or at the part that is held. What they had not been shown is marked. */
function shown(state) {
  const newest = state.held ?? lastSeq(state);
  if (state.isAway) return state;
  const isNews = state.seen !== null && state.seen < newest && countAfter(state, state.seen) > 0;
  // A held part was drawn before it was held.
  if (state.held !== null && state.seen !== null) return state;
  return { ...state, seen: newest, mark: isNews ? state.seen : state.mark };
}

/** A post of ours once it has its place: drawn as pending until its event is there. */
function placed(pending, { id, seq }, last) {
  if (pending.post.id !== id) return [pending];
  return seq <= last ? [] : [{ post: pending.post, seq }];
}

function nextCheep(state, from, last) {
  for (let seq = from; seq <= last; seq += 1) {
    const cheep = cheepAt(state, seq);
    if (cheep) return cheep;
  }
  return undefined;
}

function countAfter(state, seq) {
  const { events } = state;
  let count = 0;
  for (let at = events.length - 1; at >= 0 && events[at].seq > seq; at -= 1) {
    if (cheepOf(events[at])) count += 1;
  }
  return count;
}

function lastSeq({ events }) {
  return events.length > 0 ? events.at(-1).seq : 0;
}
