// What a host asks the server for, beside the socket: each is one request and its answer.

/**
 * @param {string} method @param {string} path  below the page's
 * @param {object} [fields]  without those that are undefined
 * @returns {Promise<object>} the answer
 * @throws {Error} with a sentence
 */
export async function order(method, path, fields) {
  const body = fields === undefined ? {} : { body: JSON.stringify(fields), headers: { 'Content-Type': 'application/json' } };
  let answer;
  try {
    answer = await fetch(path, { method, cache: 'no-store', ...body });
  } catch {
    throw new Error('The server cannot be reached: try again.');
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.message ?? 'The server could not do this.');
  return said;
}
