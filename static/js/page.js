// What every script of the pages needs: finding elements, words in the reader's language, and asking the server.

export const byId = (id) => document.getElementById(id);
export const words = byId("words")?.dataset ?? {};

/** Say why something was refused; nothing takes it back. */
export function refuse(sentence = "") {
  byId("refusal").textContent = sentence;
  byId("refusal").hidden = !sentence;
}

/** For a moment the button says that it is done, and then what it said before, pressed however often. */
export function acknowledge(button, sentence) {
  const label = button.querySelector("span");
  button.dataset.label ??= label.textContent;
  label.textContent = sentence;
  setTimeout(() => (label.textContent = button.dataset.label), 1500);
}

const csrf = () => document.querySelector("[name=csrfmiddlewaretoken]").value;

/** Signed out meanwhile: sign in and come back to this page, where the draft still is. */
function signIn() {
  location.assign(`/accounts/login/?next=${encodeURIComponent(location.pathname)}`);
  return new Promise(() => {});
}

/** POST a form's data; resolves to the JSON of the answer, throws an Error with a sentence for the reader and a code. */
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

/** The same for a file: `onProgress` hears its share from 0 to 1; an AbortSignal ends it with an `AbortError`. */
export function upload(url, body, onProgress, signal) {
  const request = new XMLHttpRequest();
  request.open("POST", url);
  request.setRequestHeader("X-CSRFToken", csrf());
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  request.upload.addEventListener("progress", (event) => event.lengthComputable && onProgress(event.loaded / event.total));
  return new Promise((resolve, reject) => {
    const abort = () => {
      request.abort();
      reject(new DOMException("", "AbortError"));
    };
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort);
    request.addEventListener("error", () => reject(new Error(words.offline)));
    request.addEventListener("load", () => {
      if (request.status === 401) return signIn();
      if (request.status < 300) return resolve(request.response ?? {});
      reject(new Error(request.response?.message ?? words.broken));
    });
    request.send(body);
  });
}
