// What is shown: the part of the timeline that is loaded, the part of it that is drawn, and our posts under way.
// A pure reducer: it knows no page, no socket, no clock. Actions are outputs of follow.js and what the reader does.

/**
 * @typedef {import('./protocol.js').Event} Event
 * @typedef {import('./follow.js').Post} Post
 * @typedef {{post: Post, seq: number | null}} Pending  With a seq it is on the timeline, and its event is on its way.
 * @typedef {{events: Event[], more: boolean, newest: number | null, seen: number, pending: Pending[]}} Timeline
 *   `events` ascend without a hole. `newest` is the newest seq drawn now; null follows the timeline's end.
 *   `seen` is the newest seq that ever was drawn.
 * @typedef {import('./follow.js').Output | {do: 'post', post: Post} | {do: 'hold' | 'follow' | 'down' | 'up'}} Action
 */

/** Most events drawn at once. */
export const WINDOW_EVENTS = 300;
/** How far the drawn part moves at once. */
export const STEP_EVENTS = 100;

/** @type {Readonly<Timeline>} */
export const EMPTY = Object.freeze({ events: [], more: true, newest: null, seen: 0, pending: [] });

/**
 * @param {Timeline} state
 * @param {Action} action
 * @returns {Timeline}
 */
export function reduce(state, action) {
  switch (action.do) {
    case 'reset':
      return { ...EMPTY, pending: state.pending.filter(({ seq }) => seq === null) };
    case 'events': {
      const events = state.events.concat(action.events);
      const last = events.at(-1).seq;
      const pending = state.pending.filter(({ seq }) => seq === null || seq > last);
      const more = state.events.length === 0 ? events[0].seq > 1 : state.more;
      return { ...state, events, more, pending, seen: state.newest === null ? last : state.seen };
    }
    case 'older':
      return { ...state, events: action.events.concat(state.events), more: action.more };
    case 'post':
      return { ...state, pending: [...state.pending, { post: action.post, seq: null }] };
    case 'posted':
      return { ...state, pending: state.pending.flatMap((pending) => placed(pending, action, lastSeq(state))) };
    case 'refused':
      return { ...state, pending: state.pending.filter(({ post }) => post.id !== action.post.id) };
    case 'hold':
      return state.newest === null && state.events.length > 0 ? { ...state, newest: lastSeq(state) } : state;
    case 'follow':
      return state.newest === null ? state : { ...state, newest: null, seen: lastSeq(state) };
    case 'down':
      return moved(state, -STEP_EVENTS);
    case 'up':
      return moved(state, STEP_EVENTS);
    default:
      return state;
  }
}

/** What is to be drawn, newest first, and what lies beyond it. */
export function visible(state) {
  const end = state.newest === null ? state.events.length : indexAfter(state, state.newest);
  const start = Math.max(end - WINDOW_EVENTS, 0);
  const isCheep = (event) => event.type === 'cheep';
  return {
    cheeps: state.events.slice(start, end).filter(isCheep).reverse(),
    pending: [...state.pending].reverse(),
    /** Cheeps that came while the reader was further down. */
    unseen: state.events.slice(indexAfter(state, state.seen)).filter(isCheep).length,
    /** Newer events were drawn before and are out of the window now. */
    above: state.newest !== null && state.newest < state.seen,
    /** Older events are loaded, but out of the window. */
    below: start > 0,
    /** Older events are on the server. */
    more: state.more,
  };
}

/** A post of ours once it has its place: drawn as pending until its event is there. */
function placed(pending, { id, seq }, last) {
  if (pending.post.id !== id) return [pending];
  return seq <= last ? [] : [{ post: pending.post, seq }];
}

function moved(state, by) {
  const { events, newest, seen } = state;
  if (events.length === 0) return state;
  const least = events[Math.min(WINDOW_EVENTS, events.length) - 1].seq;
  return { ...state, newest: Math.max(Math.min((newest ?? lastSeq(state)) + by, seen), least) };
}

/** The seqs are dense, so a seq's place in `events` is known. */
function indexAfter({ events }, seq) {
  return events.length === 0 ? 0 : Math.max(seq - events[0].seq + 1, 0);
}

function lastSeq({ events }) {
  return events.length > 0 ? events.at(-1).seq : 0;
}
