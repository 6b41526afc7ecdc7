// Whatever colour a name has, it can be read: 4.5 to 1 (WCAG AA) on every ground it stands on.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

const css = readFileSync(new URL('../style.css', import.meta.url), 'utf8');

/** Relative luminance of linear RGB, as far as a screen can show it. */
const luminance = (rgb) => rgb.map((part) => Math.min(Math.max(part, 0), 1)).reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);

function hex(colour) {
  const digits = colour.length === 4 ? [...colour.slice(1)].map((digit) => digit + digit) : colour.slice(1).match(/../g);
  return luminance(digits.map((pair) => parseInt(pair, 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)));
}

function oklch(lightness, chroma, hue) {
  const [a, b] = [chroma * Math.cos((hue * Math.PI) / 180), chroma * Math.sin((hue * Math.PI) / 180)];
  const [l, m, s] = [lightness + 0.3963377774 * a + 0.2158037573 * b, lightness - 0.1055613458 * a - 0.0638541728 * b, lightness - 0.0894841775 * a - 1.291485548 * b].map((part) => part ** 3);
  return luminance([
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ]);
}

const grounds = ['ground', 'raised', 'tint'].map((name) => new RegExp(`--${name}: light-dark\\((#\\w+), (#\\w+)\\)`).exec(css).slice(1));
const names = [...css.matchAll(/oklch\((\d+)% ([\d.]+) var\(--hue\)\)/g)].map(([, lightness, chroma]) => [lightness / 100, Number(chroma)]);

for (const [nth, scheme] of ['light', 'dark'].entries()) {
  test(`names of every hue can be read in the ${scheme} scheme`, () => {
    assert.equal(names.length, 2);
    for (let hue = 0; hue < 360; hue += 1) {
      for (const ground of grounds) {
        const ratio = contrast(oklch(...names[nth], hue), hex(ground[nth]));
        assert.ok(ratio >= 4.5, `hue ${hue} on ${ground[nth]}: ${ratio.toFixed(2)}`);
      }
    }
  });
}
