// The audit in words: what was done, by whom, and how it is undone. Pure: how a moment is written is told by who asks.

/**
 * @typedef {{entry: number, at: string, by?: number, undone_by?: number, action: string, name?: string, target?: number, until?: string,
 *   link?: number, role?: string, ends_at?: string, note?: string, undoes?: number, undone?: Entry}} Entry  `undone` is what it undoes, if that is here
 * @typedef {string | {name: string}} Part  a name is what somebody typed, and drawn as such
 * @typedef {(at: string) => string} Moment
 */

const until = (at, moment) => (at === undefined ? [] : [` until ${moment(at)}`]);

/** @type {Record<string, (entry: Entry, moment: Moment) => Part[]>} */
const DONE = {
  remove: ({ target }) => [`cheep ${target} was removed`],
  mute: ({ name, target, until: end }, moment) => [
    ...(name === undefined ? [`who wrote cheep ${target} was muted`] : [{ name }, ' was muted']), ...until(end, moment),
  ],
  release: ({ name }) => ['the name ', { name }, ' was released'],
  link: ({ link, role, ends_at: end, note }, moment) => [
    `link ${link} for ${role === 'host' ? 'hosts' : 'members'}`, ...(note === undefined ? [] : [' (', { name: note }, ')']), ' was made', ...until(end, moment),
  ],
  join: ({ link }) => [`somebody came in by link ${link}`],
  claim: ({ name }) => ['somebody claimed ', { name }],
  undo: ({ undoes, undone }, moment) => [
    `entry ${undoes}`, ...(Object.hasOwn(UNDONE_BY, undone?.action) ? [' (', ...DONE[undone.action](undone, moment), ')'] : []), ' was undone',
  ],
};

/** What people did themselves. */
const THEIR_OWN = new Set(['join', 'claim']);

/** What stands on the button that undoes an entry. */
const UNDONE_BY = { mute: 'Unmute', release: 'Give back', link: 'End link', join: 'End session' };

/** What an entry tells. @param {Entry} entry @param {Moment} moment @returns {Part[]} */
export function told(entry, moment) {
  const { action, by } = entry;
  const what = Object.hasOwn(DONE, action) ? DONE[action](entry, moment) : ['something that this page does not know was done'];
  if (THEIR_OWN.has(action)) return what;
  return [...what, by === undefined ? ' by the operator' : ` by a host of link ${by}`];
}

/**
 * What can be done about an entry: the request, its button, and what comes of it where that stays so; null for nothing.
 * @param {Entry} entry
 */
export function remedy({ entry, action, name, link, undone_by: undone }) {
  if (undone !== undefined) return null;
  if (action === 'claim') return { label: 'Release', path: 'api/release', fields: { name } };
  const outcome = link && `${action === 'link' ? 'Everybody' : 'The one'} who came in by link ${link} is out, even if that is you.`;
  return Object.hasOwn(UNDONE_BY, action) ? { label: UNDONE_BY[action], path: 'api/undo', fields: { entry }, outcome } : null;
}
