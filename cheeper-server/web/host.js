// A host's tools: what can be done about a cheep and who wrote it, links for others, and what was done. Loaded for hosts alone.

import { fillQuote } from './article.js';
import { remedy, told } from './audit.js';
import { addDialog, ask, askToDelete } from './dialogs.js';
import { byId, element, onSubmit } from './dom.js';
import { joinLink } from './links.js';
import { order } from './orders.js';
import { readName } from './protocol.js';
import { drawLink, thisPage } from './share.js';
import { shortDate } from './time.js';

const HOUR_MS = 3_600_000;
/** How long something lasts, by what it is called; undefined: until it is undone. */
const MUTES = { 'an hour': HOUR_MS, 'a day': 24 * HOUR_MS, 'a week': 7 * 24 * HOUR_MS, good: undefined };
const LINKS = { '8 hours': 8 * HOUR_MS, 'a day': 24 * HOUR_MS, 'a week': 7 * 24 * HOUR_MS, good: undefined };
const PAGE = 50;

export class Host {
  #cheepDialog = addDialog('moderation');
  #dialog = addDialog('host');
  #list = element('ol', { class: 'audit', 'aria-label': 'What was done' });
  #note = element('p', { role: 'status' });
  #more = button('Older', () => this.#load(this.#entries.at(-1)?.entry));
  #entries = [];
  /** Only the answer to the last question is listed. */
  #asked = 0;

  constructor() {
    const open = element('button', { id: 'open-host', class: 'icon', type: 'button', 'aria-label': 'Keep order', title: 'Keep order' }, '⚑');
    open.addEventListener('click', () => this.#open());
    byId('open-help').before(open);
  }

  /** What can be done about a cheep. @param {import('./protocol.js').Cheep} cheep */
  moderate(cheep) {
    const { seq, name, deleted } = cheep;
    const note = element('p', { role: 'status' });
    const quote = element('p', { class: 'quote', 'data-to': String(seq) });
    fillQuote(quote, cheep);
    const span = choice('mute-for', MUTES);
    const mute = (whom) => attempt(note, async () => {
      const { entries: [entry] } = await order('POST', 'api/mute', { ...whom, for_ms: MUTES[span.value] });
      note.replaceChildren(...draw(entry), ' ', remedyOf(entry, note));
    });
    const remove = button('Remove this cheep', () => askToDelete(() => attempt(note, async () => {
      await order('DELETE', `api/cheep/${seq}`);
      note.textContent = 'The cheep was removed.';
      remove.remove();
      quote.remove();
    })));
    this.#cheepDialog.show('Keep order', quote, ...(deleted ? [] : [remove]),
      element('p', { class: 'row' }, element('label', { for: 'mute-for' }, 'Mute for'), span),
      button(['Mute the name ', element('bdi', {}, name)], () => mute({ name })),
      button('Mute who wrote this, whatever name they use: on an open server all behind the same address', () => mute({ target: seq })), note);
  }

  #open() {
    this.#entries = [];
    this.#list.replaceChildren();
    this.#note.textContent = '';
    this.#dialog.show('Keep order', this.#linkForm(), element('h3', {}, 'What was done'), this.#list, this.#note, this.#more);
    this.#load();
  }

  #linkForm() {
    const [role, span] = [choice('link-role', { 'read and write': 'member', 'keep order': 'host' }), choice('link-for', LINKS)];
    const about = element('input', { id: 'link-note', maxlength: '64', 'aria-label': 'What it is for', placeholder: 'what it is for' });
    const result = element('div', { role: 'status' });
    const form = element('form', { class: 'box', autocomplete: 'off' },
      element('div', { class: 'row' }, element('label', { for: 'link-role' }, 'A link to'), role, element('label', { for: 'link-for' }, 'for'), span),
      element('div', { class: 'row' }, about, element('button', { type: 'submit' }, 'Make a link')), result);
    onSubmit(form, () => attempt(result, async () => {
      const note = about.value.trim() || undefined;
      const fields = { role: role.value === 'keep order' ? 'host' : 'member', for_ms: LINKS[span.value], note };
      const { token } = await order('POST', 'api/link', fields);
      result.replaceChildren(drawLink(joinLink(thisPage(), token), 'Code with the link'), element('p', {}, 'It is shown this once.'));
      this.#load();
    }));
    return form;
  }

  /** The newest entries, or those before one. */
  #load(before) {
    const asked = (this.#asked += 1);
    const query = new URLSearchParams({ limit: PAGE, ...(before !== undefined && { before }) });
    attempt(this.#note, async () => {
      const { entries, more } = await order('GET', `api/audit?${query}`);
      if (asked !== this.#asked) return;
      this.#entries = before === undefined ? entries : [...this.#entries, ...entries];
      // What came now may be what an entry above undid.
      this.#list.replaceChildren(...this.#entries.map((entry) => this.#row(entry)));
      this.#more.hidden = more !== true;
      this.#note.textContent = this.#entries.length > 0 ? '' : 'Nothing yet.';
    });
  }

  #row(entry) {
    const undone = this.#entries.find((other) => other.entry === entry.undoes);
    return element('li', { value: entry.entry }, element('time', { datetime: entry.at }, shortDate(entry.at)), ' ', ...draw({ ...entry, undone }), ' ',
      entry.undone_by ? element('span', { class: 'note' }, `undone by ${entry.undone_by}`) : remedyOf(entry, this.#note, () => this.#load()));
  }
}

function draw(entry) {
  return told(entry, shortDate).map((part) => (typeof part === 'string' ? part : element('bdi', { class: 'name' }, safe(part.name))));
}

/** A name as it may be drawn: what the server says of one is read like any other. */
function safe(name) {
  try {
    return readName(name);
  } catch {
    return '?';
  }
}

/** The button that undoes what an entry tells of, if there is one. */
function remedyOf(entry, note, onDone = () => {}) {
  const found = remedy(entry);
  if (found === null) return '';
  const undo = () => attempt(note, async () => {
    await order('POST', found.path, found.fields);
    does.replaceWith('undone');
    onDone();
  });
  const does = button(found.label, () => (found.outcome ? ask(found.label, found.outcome, undo) : undo()));
  does.className = 'quiet';
  return does;
}

/** Does something that may be refused, and says why in `note`. */
async function attempt(note, what) {
  try {
    await what();
  } catch (error) {
    note.replaceChildren(element('span', { class: 'refusal' }, error.message));
  }
}

function button(label, onClick) {
  const made = element('button', { type: 'button' }, ...[label].flat());
  made.addEventListener('click', onClick);
  return made;
}

function choice(id, options) {
  return element('select', { id }, ...Object.keys(options).map((name) => element('option', {}, name)));
}
