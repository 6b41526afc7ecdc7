// The few lines of DOM that every part of the view uses.

export const byId = (id) => document.getElementById(id);

/**
 * Makes an element. Text only ever comes in as text.
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Calls back when a form is sent, which never leaves the page. */
export function onSubmit(form, tell) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    tell();
  });
}
