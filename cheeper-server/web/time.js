// Moments as people read them. Pure: what the time is now is told by who asks.

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });
const short = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

/** The reader's day in which a moment lies, to compare with another. */
export const dayOf = (at) => new Date(at).toDateString();

/** The name of the day in which `at` lies. */
export function dayName(at, now) {
  const date = new Date(at);
  const yesterday = new Date(now);
  yesterday.setDate(yesterday.getDate() - 1);
  const name = day.format(date);
  if (dayOf(at) === dayOf(now)) return `Today, ${name}`;
  return dayOf(at) === dayOf(yesterday) ? `Yesterday, ${name}` : name;
}

/** How long ago something was: within its day, else when in its day. A clock that goes wrong makes no future. */
export function ago(at, now) {
  const passed = Math.max(now - new Date(at), 0);
  if (passed < MINUTE_MS) return 'now';
  if (passed < HOUR_MS) return `${Math.floor(passed / MINUTE_MS)} min`;
  return dayOf(at) === dayOf(now) ? `${Math.floor(passed / HOUR_MS)} h` : clock.format(new Date(at));
}

/** What a host's mute says, with its end if it has one. @param {import('./protocol.js').ErrorFrame} error */
export function withEnd({ code, message, retry_after_ms: ms }, now) {
  if (code !== 'muted' || ms === undefined) return message;
  const end = now + ms;
  return `${message} Until ${dayOf(end) === dayOf(now) ? clock.format(end) : short.format(end)}.`;
}

/** A moment within a line of text. */
export const shortDate = (at) => short.format(new Date(at));

export const fullDate = (at) => moment.format(new Date(at));
