// Changes: events that make something else of an earlier cheep, and the one rule by which they are applied. Pure.
// It is the rule of `Cheep::apply` in the Rust crate `cheeper-protocol`; both run the same vectors.

/**
 * @typedef {import('./protocol.js').Cheep} Cheep
 * @typedef {import('./protocol.js').Event} Event
 */

/** Most names that are told of one kind of reaction. */
const REACTION_NAMES = 50;

/**
 * The cheep that an event is; undefined for events that are none.
 * @param {Event | undefined} event
 * @returns {Cheep | undefined}
 */
export function cheepOf(event) {
  switch (event?.type) {
    case 'cheep': return event;
    case 'edit':
    case 'delete':
    case 'reaction':
    case 'void':
    case 'unknown':
    case undefined: return undefined;
    default: throw new TypeError(`no such event: ${event.type}`);
  }
}

/**
 * The seqs of the cheeps that an event changes: its target, and what an answer answers, whose answers are counted.
 * @param {Event} event
 * @returns {number[]}
 */
export function changesOf({ target, reply_to: parent }) {
  return [target, parent].filter((seq) => seq !== undefined);
}

/**
 * The one rule by which all screens become the same: a cheep takes a change that is newer than all that it has taken.
 * @param {Cheep} cheep
 * @param {Event} event
 * @returns {Cheep} another object if it was changed; the same if the change is in it already or is none of it
 */
export function apply(cheep, event) {
  const isOfIt = event.target === cheep.seq || event.reply_to === cheep.seq;
  if (!isOfIt || event.seq <= (cheep.rev ?? cheep.seq)) return cheep;
  return present({ ...cheep, ...changed(cheep, event), rev: event.seq });
}

/** The fields that an event changes, as they are then. */
function changed(cheep, event) {
  switch (event.type) {
    case 'edit': return { cheep: event.cheep, edited_at: event.at };
    case 'delete':
      if (event.target !== cheep.seq) return withReplies(event);
      return { cheep: '', deleted: event.by, edited_at: undefined, reactions: undefined };
    case 'reaction': return { reactions: reacted(cheep.reactions ?? [], event) };
    case 'cheep': return withReplies(event);
    default: throw new TypeError(`no such change: ${event.type}`);
  }
}

function withReplies({ parent_replies: replies }) {
  return replies === undefined ? {} : { replies: replies || undefined };
}

/** Kinds of reactions stand in order of first use, and one that nobody has any more goes. */
function reacted(kinds, { emoji, count, name, on, next }) {
  const known = kinds.find((kind) => kind.emoji === emoji);
  if (!known) return on ? [...kinds, { emoji, count, names: [name] }] : someOf(kinds);
  if (count === 0) return someOf(kinds.filter((kind) => kind !== known));
  const last = on ? name : next;
  const names = known.names.filter((each) => each !== name).concat(last ?? []).slice(0, REACTION_NAMES);
  return kinds.map((kind) => (kind === known ? { emoji, count, names } : kind));
}

const someOf = (kinds) => (kinds.length > 0 ? kinds : undefined);

/** A cheep says nothing of what is not so. */
function present(cheep) {
  return Object.fromEntries(Object.entries(cheep).filter(([, value]) => value !== undefined));
}
