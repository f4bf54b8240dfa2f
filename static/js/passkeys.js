// Passkeys: a form with `data-passkey` asks the device before it is sent. What it asks is in a script element of data
// that the form names, or comes from the address that the form goes to.

const known = window.PublicKeyCredential;
const isAble = known?.parseCreationOptionsFromJSON && known?.parseRequestOptionsFromJSON;

async function options(form) {
  if (form.dataset.asks) return JSON.parse(document.getElementById(form.dataset.asks).textContent);
  const answer = await fetch(form.action, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

async function created(form) {
  const { publicKey } = (await options(form)).creation_options;
  const { passwordless, email, name } = form.elements;
  const alone = passwordless?.checked ?? true; // a key that needs no password has to know who it is held by
  if (email) publicKey.user = { ...publicKey.user, name: email.value, displayName: name.value }; // nobody has an account yet
  publicKey.authenticatorSelection = {
    ...publicKey.authenticatorSelection,
    residentKey: alone ? "required" : "discouraged",
    requireResidentKey: alone,
    ...(alone && { userVerification: "required" }),
  };
  return navigator.credentials.create({ publicKey: known.parseCreationOptionsFromJSON(publicKey) });
}

async function found(form) {
  const { publicKey } = (await options(form)).request_options;
  return navigator.credentials.get({ publicKey: known.parseRequestOptionsFromJSON(publicKey) });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!isAble) continue;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = form.querySelector("[data-problem]");
    problem.hidden = true;
    try {
      const credential = await (form.dataset.passkey === "create" ? created(form) : found(form));
      form.elements.credential.value = JSON.stringify(credential.toJSON());
    } catch {
      problem.hidden = false; // given up, timed out, or a key that is not known here: the browser says which
      return;
    }
    form.submit();
  });
}
for (const hint of document.querySelectorAll("[data-without-passkeys]")) hint.hidden = Boolean(isAble);
