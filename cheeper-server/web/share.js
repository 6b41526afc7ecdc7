// A link that is carried to somebody, or to another device: as a text to copy, and as a code for a camera.

import { copyText } from './actions.js';
import { element } from './dom.js';
import { correction, generate } from './lean-qr.js';
import { isOfThisMachine } from './links.js';

const SVG = 'http://www.w3.org/2000/svg';
/** What has to stay empty around a code. */
const QUIET = 4;

/** The page's own address, to which a link leads. */
export const thisPage = () => new URL('.', location.href).href;

/** @param {string} link @param {string} label  what the code is, for who cannot see it @returns {HTMLElement} */
export function drawLink(link, label) {
  const text = element('p', { class: 'link' }, link);
  const copy = element('button', { class: 'quiet', type: 'button' }, 'Copy the link');
  copy.addEventListener('click', () => copyText(text, copy));
  const drawn = element('div', { class: 'share' }, text, copy, drawCode(link, label));
  if (isOfThisMachine(location)) {
    drawn.append(element('p', {}, 'Only this machine gets to this address: for another device, open the page at the machine’s own address first.'));
  }
  return drawn;
}

/** Dark on light in both themes: cameras know nothing else. */
function drawCode(text, label) {
  const code = generate(text, { minCorrectionLevel: correction.M });
  const size = code.size + 2 * QUIET;
  const dots = [];
  for (let y = 0; y < code.size; y += 1) {
    for (let x = 0; x < code.size; x += 1) if (code.get(x, y)) dots.push(`M${x + QUIET} ${y + QUIET}h1v1h-1z`);
  }
  const drawn = part('svg', { class: 'code', viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': label, 'shape-rendering': 'crispEdges' });
  drawn.append(part('rect', { width: size, height: size, fill: '#fff' }), part('path', { d: dots.join(''), fill: '#000' }));
  return drawn;
}

function part(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
