// What is shown: the part of the timeline that is loaded, how much of it the reader was shown, and what of ours is under way.
// A pure reducer: it knows no page, no socket, no clock. Actions are outputs of follow.js and what the reader does.

import { apply, changesOf, cheepOf } from './changes.js';

/**
 * @typedef {import('./protocol.js').Event} Event
 * @typedef {import('./protocol.js').Cheep} Cheep
 * @typedef {import('./follow.js').Submission} Submission
 * @typedef {{post: Submission, seq: number | null}} Pending  With a seq it is on the timeline, and its event is on its way.
 * @typedef {{change: Submission, seq: number | null}} Changing  An edit, delete or reaction, as a pending post.
 * @typedef {object} Timeline
 * @property {Cheep[]} cheeps  what is loaded, ascending, each as it is now; a change makes another object of its cheep
 * @property {number | null} first  the cheeps are all there are from this seq on …
 * @property {number | null} last  … up to this one
 * @property {boolean} isWhole  nothing older is to be had
 * @property {number | null} held  while somebody reads, the newest seq that is drawn; null follows the timeline's end
 * @property {boolean} isAway  nobody looks, or what there is to see is not all here yet
 * @property {number | null} seen  the newest seq that somebody was shown; null if nobody ever was
 * @property {number | null} mark  "new since you were here" stands above this seq
 * @property {Pending[]} pending  oldest first
 * @property {Changing[]} changing  oldest first
 * @typedef {import('./follow.js').Output | {do: 'submit', submission: Submission} | {do: 'remember', seq: number}
 *   | {do: 'hold' | 'follow' | 'away' | 'back'}} Action
 * @typedef {{key: object | string, kind: 'cheep', cheep: Cheep} | {key: string, kind: 'day', at: string}
 *   | {key: string, kind: 'mark'}} Row
 */

/** Most cheeps that are kept; past it, and while nobody reads further down, the oldest are dropped. */
export const KEPT_CHEEPS = 120_000;
/** How many are dropped at once. */
export const DROPPED_CHEEPS = 20_000;

/** @type {Readonly<Timeline>} */
export const EMPTY = Object.freeze({
  cheeps: [], first: null, last: null, isWhole: false, held: null, isAway: true, seen: null, mark: null, pending: [], changing: [],
});

/**
 * @param {Timeline} state
 * @param {Action} action
 * @returns {Timeline}
 */
export function reduce(state, action) {
  switch (action.do) {
    case 'reset':
      return { ...EMPTY, isAway: state.isAway, ...unplaced(state) };
    case 'remember':
      return { ...state, seen: action.seq };
    case 'events':
      return appended(state, action);
    case 'older':
      return prepended(state, action);
    case 'submit': {
      const { submission } = action;
      if (submission.type === 'post') return { ...state, pending: [...state.pending, { post: submission, seq: null }] };
      return { ...state, changing: [...state.changing, { change: submission, seq: null }] };
    }
    case 'accepted':
      return { ...state, ...onTheirWay(state, (each) => placed(each, action, state.last ?? 0)) };
    case 'refused':
      return { ...state, ...onTheirWay(state, (each) => (idOf(each) === action.submission.id ? null : each)) };
    case 'hold':
      return state.held === null && state.cheeps.length > 0 ? { ...state, held: state.last } : state;
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

/** Whether older cheeps are to be had. */
export function hasMore({ first, isWhole }) {
  return first !== null && first > 1 && !isWhole;
}

/** The seqs of the part that may be drawn now; null if there is none. */
export function drawable({ cheeps, first, last, held }) {
  return cheeps.length === 0 ? null : { first, last: held ?? last };
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
export function cheepAt({ cheeps }, seq) {
  const cheep = cheeps[indexOf(cheeps, seq)];
  return cheep?.seq === seq ? cheep : undefined;
}

/**
 * The cheeps that came with events that are reduced already, as they are now: what was taken back since is no news.
 * @param {Timeline} state
 * @param {Event[]} events
 * @returns {Cheep[]}
 */
export function newsOf(state, events) {
  return events.filter(cheepOf).map(({ seq }) => cheepAt(state, seq)).filter((cheep) => cheep && !cheep.deleted);
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
  const { cheeps, mark } = state;
  let at = indexOf(cheeps, to + 1);
  // What is held back is not there yet.
  let newer = cheeps[at]?.seq <= drawable(state).last ? cheeps[at] : undefined;
  const drawn = [];
  for (at -= 1; at >= 0 && cheeps[at].seq >= from; at -= 1) {
    const cheep = cheeps[at];
    if (newer && mark !== null && cheep.seq <= mark && newer.seq > mark) drawn.push({ key: 'mark', kind: 'mark' });
    const day = dayOf(cheep.at);
    // The newest cheeps stand below a line only if they are not of today.
    if (day !== (newer ? dayOf(newer.at) : today)) drawn.push({ key: `${day}, ${cheep.seq}`, kind: 'day', at: cheep.at });
    drawn.push({ key: cheep, kind: 'cheep', cheep });
    newer = cheep;
  }
  return drawn;
}

function appended(state, { events, from, to }) {
  let { first } = state;
  let cheeps = withChanges(state.cheeps.slice(), events);
  first ??= from;
  let { isWhole } = state;
  if (cheeps.length > KEPT_CHEEPS && state.held === null) {
    cheeps = cheeps.slice(DROPPED_CHEEPS);
    first = cheeps[0].seq;
    isWhole = false;
  }
  const isShown = state.held === null && !state.isAway;
  return {
    ...state, cheeps, first, last: to, isWhole, seen: isShown ? to : state.seen,
    ...onTheirWay(state, (each) => (each.seq === null || each.seq > to ? each : null)),
  };
}

/** Adds cheeps at the end, and applies changes at once: text that is deleted goes from the screen even while somebody reads. */
function withChanges(cheeps, events) {
  for (const event of events) {
    for (const seq of changesOf(event)) {
      const at = indexOf(cheeps, seq);
      if (cheeps[at]?.seq === seq) cheeps[at] = apply(cheeps[at], event);
    }
    const cheep = cheepOf(event);
    if (cheep) cheeps.push(cheep);
  }
  return cheeps;
}

function prepended(state, { events, from, to, more }) {
  // What was asked for before the oldest were dropped does not join on.
  if (to + 1 !== state.first) return state;
  const cheeps = events.filter(cheepOf);
  return { ...state, cheeps: cheeps.concat(state.cheeps), first: Math.min(from, state.first), isWhole: !more };
}

/** Somebody looks at the end of the timeline, or at the part that is held. What they had not been shown is marked. */
function shown(state) {
  const newest = state.held ?? state.last ?? 0;
  if (state.isAway) return state;
  const isNews = state.seen !== null && state.seen < newest && countAfter(state, state.seen) > 0;
  // A held part was drawn before it was held.
  if (state.held !== null && state.seen !== null) return state;
  return { ...state, seen: newest, mark: isNews ? state.seen : state.mark };
}

/** What is under way, each as `next` says; null takes it out. */
function onTheirWay({ pending, changing }, next) {
  const all = (list) => list.map(next).filter((each) => each !== null);
  return { pending: all(pending), changing: all(changing) };
}

const unplaced = (state) => onTheirWay(state, (each) => (each.seq === null ? each : null));

const idOf = ({ post, change }) => (post ?? change).id;

/** What of ours has its place: under way until its event is there. */
function placed(each, { id, seq }, last) {
  if (idOf(each) !== id) return each;
  return seq <= last ? null : { ...each, seq };
}

/** Where the cheep with this seq stands, or would stand. */
function indexOf(cheeps, seq) {
  let from = 0;
  for (let to = cheeps.length; from < to;) {
    const middle = (from + to) >> 1;
    if (cheeps[middle].seq < seq) from = middle + 1;
    else to = middle;
  }
  return from;
}

function countAfter({ cheeps }, seq) {
  return cheeps.length - indexOf(cheeps, seq + 1);
}
