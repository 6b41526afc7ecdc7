// The way in beside the socket: what the server says of who asks, and a link's token changed for a session.

const PATIENCE_MS = 5000;

/**
 * Asks what one may do here; with a token, comes in by it. The session is a cookie that no script can read.
 * @param {string} [token]
 * @returns {Promise<{status: number, role?: string, message?: string} | null>} null if there is no server to answer
 */
export async function askSession(token) {
  const body = token === undefined ? {} : { body: JSON.stringify({ token }), headers: { 'Content-Type': 'application/json' } };
  try {
    const answer = await fetch('api/session', { method: 'POST', cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS), ...body });
    const said = await answer.json().catch(() => ({}));
    return { status: answer.status, role: said.role, message: typeof said.message === 'string' ? said.message : undefined };
  } catch {
    return null;
  }
}
