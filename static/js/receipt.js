// The receipt of an answer in a dialog; without this script its link opens a page.

const messages = document.getElementById("messages");

messages?.addEventListener("click", (event) => {
  const link = event.target.closest("[data-receipt]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  show(link);
});

async function show(link) {
  const response = await fetch(link.href).catch(() => null);
  const page = response?.ok && new DOMParser().parseFromString(await response.text(), "text/html");
  const receipt = page && page.getElementById("receipt");
  if (!receipt) return location.assign(link.href); // signed out, or gone: the page itself says so
  const dialog = document.createElement("dialog");
  dialog.className = "card receipt-dialog";
  const bar = document.createElement("div");
  bar.className = "receipt-bar";
  const title = page.querySelector("h1");
  title.id = "receipt-title";
  dialog.setAttribute("aria-labelledby", title.id);
  const close = document.createElement("button");
  close.type = "button";
  close.className = "button button-quiet button-icon";
  close.setAttribute("aria-label", document.getElementById("history-words").dataset.close);
  close.append(document.getElementById("panel-close").firstElementChild.cloneNode(true));
  close.addEventListener("click", () => dialog.close());
  bar.append(document.adoptNode(title), close);
  dialog.append(bar, document.adoptNode(receipt));
  dialog.addEventListener("close", () => {
    dialog.remove();
    link.focus();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}
