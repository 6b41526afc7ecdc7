// Emoji as reactions: one picture, written in one way. Pure. The rules are those of `Emoji` in the Rust crate
// `cheeper-protocol`: the grammar of UTS #51, and not the list that this browser knows, so that newer emoji can be read as well.

const STYLE = String.raw`[\uFE0E\uFE0F]?`;
/** Code points that Unicode keeps for emoji to come count already. */
const RESERVED = String.raw`(?=\p{Extended_Pictographic})\p{Unassigned}`;
/** Keys, regional indicators and skin tones have the property Emoji as well, but are no pictographs. */
const PICTURE = String.raw`(?=\p{Extended_Pictographic})\p{Emoji}|${RESERVED}`;
/** The tags of a flag such as England's. */
const TAGS = String.raw`(?<=\u{1F3F4}${STYLE})[\u{E0030}-\u{E0039}\u{E0061}-\u{E007A}]{3,7}\u{E007F}`;
const TONE = String.raw`(?<=(?:\p{Emoji_Modifier_Base}|${RESERVED})${STYLE})\p{Emoji_Modifier}`;

const KEYCAP = new RegExp(String.raw`^([0-9#*])${STYLE}\u20E3${STYLE}$`, 'u');
const FLAG_OR_TONE = new RegExp(String.raw`^(\p{Regional_Indicator}{2}|\p{Emoji_Modifier})${STYLE}$`, 'u');
const ELEMENT = new RegExp(`^(?<picture>${PICTURE})${STYLE}(?:(?<tone>${TONE})${STYLE}|(?<tags>${TAGS}))?$`, 'u');
const SHOWN_AS_TEXT = new RegExp(String.raw`^(?!\p{Emoji_Presentation}|${RESERVED})`, 'u');

/**
 * The one form of an emoji, however it was typed; null for what is not exactly one. Its length is not looked at.
 * @param {string} raw
 * @returns {string | null}
 */
export function normalEmoji(raw) {
  const key = KEYCAP.exec(raw);
  if (key) return `${key[1]}\uFE0F\u20E3`;
  const alone = FLAG_OR_TONE.exec(raw);
  if (alone) return alone[1];
  const elements = raw.split('\u200D').map(normalElement);
  return elements.includes(null) ? null : elements.join('\u200D');
}

/** A part of an emoji between joiners. */
function normalElement(part) {
  const element = ELEMENT.exec(part)?.groups;
  if (!element) return null;
  const { picture, tone, tags } = element;
  // What is a picture only on demand demands it.
  return picture + (tone ?? tags ?? (SHOWN_AS_TEXT.test(picture) ? '\uFE0F' : ''));
}
