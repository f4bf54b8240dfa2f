// What every script of the pages needs: finding elements, words in the reader's language, and asking the server.

export const byId = (id) => document.getElementById(id);
export const words = byId("words")?.dataset ?? {};

const csrf = () => document.querySelector("[name=csrfmiddlewaretoken]").value;

/** Signed out meanwhile: sign in and come back to this page, where the draft still is. */
function signIn() {
  location.assign(`/accounts/login/?next=${encodeURIComponent(location.pathname)}`);
  return new Promise(() => {});
}

/** POST a form's data; resolves to the JSON of the answer, throws an Error with a sentence for the reader. */
export async function post(url, body = new FormData()) {
  let response;
  try {
    response = await fetch(url, {
      method: "POST",
      body,
      headers: { "X-CSRFToken": csrf(), Accept: "application/json" },
    });
  } catch {
    throw new Error(words.offline);
  }
  if (response.status === 401) return signIn();
  if (response.status === 204) return {};
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw Object.assign(new Error(answer.message ?? words.broken), { code: answer.error });
  return answer;
}
