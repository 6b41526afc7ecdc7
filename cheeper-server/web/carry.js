// The reader's name on another device: shown here as a link, taken there. Loaded when somebody wants it.

import { addDialog } from './dialogs.js';
import { element, onSubmit } from './dom.js';
import { identityIn, nameLink } from './links.js';
import { drawLink, thisPage } from './share.js';

const NO_LINK = 'This is no link with a name: it ends in #name=, the name and its secret.';

let dialog = null;

/** Shows the name's link, and takes another's. @param {import('./who.js').Who} who */
export function showCarrying(who) {
  open('Use your name on another device', [...shown(who.identity), ...taking(who)]);
}

/** Somebody opened a link with a name. @param {import('./follow.js').Identity | null} identity @param {import('./who.js').Who} who */
export function offer(identity, who) {
  if (identity === null) open('Use a name from another device', [element('p', { class: 'refusal', role: 'alert' }, NO_LINK), ...taking(who)]);
  else ask(identity, who);
}

function shown(identity) {
  if (identity === null) return [];
  return [
    element('p', {}, 'Open this link there, or point the camera at the code. Whoever has it can write as ', element('bdi', {}, identity.name), ': show it to nobody else. On a private timeline it needs the join link too.'),
    drawLink(nameLink(thisPage(), identity), 'Code with the link that carries your name'),
  ];
}

function taking(who) {
  const field = element('input', { id: 'name-link', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', required: '', 'aria-describedby': 'name-link-refusal' });
  const refusal = element('p', { id: 'name-link-refusal', class: 'refusal', role: 'alert' });
  const form = element('form', { class: 'box', autocomplete: 'off' },
    element('label', { for: 'name-link' }, 'A link from your other device'),
    element('div', { class: 'row' }, field, element('button', { type: 'submit' }, 'Use that name')), refusal);
  onSubmit(form, () => {
    const identity = identityIn(field.value);
    if (identity === null) refusal.textContent = NO_LINK;
    else ask(identity, who);
  });
  return [form];
}

/** A name is not taken unasked: a link from a stranger would have the reader write under it. */
function ask(identity, who) {
  const { name } = identity;
  const [yes, no] = [element('button', { type: 'button' }, 'Use it'), element('button', { class: 'quiet', type: 'button' }, 'No')];
  const given = who.identity;
  const losing = given === null || given.secret === identity.secret
    ? [] : [element('p', {}, 'This browser then forgets ', element('bdi', {}, given.name), ' and its secret: carry it to another device first if you need it.')];
  yes.addEventListener('click', () => {
    dialog.close();
    who.take(identity);
  });
  no.addEventListener('click', () => dialog.close());
  open('Use this name here?', [
    element('p', {}, 'You will write as ', element('bdi', { class: 'name' }, name), '. Say yes only if this link comes from a device of your own.'),
    ...losing, element('div', { class: 'row' }, yes, no),
  ]);
  no.focus();
}

function open(title, content) {
  dialog ??= addDialog('carrying');
  dialog.show(title, ...content);
}
