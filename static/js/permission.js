// Notifications: the browser is asked when the switch is pressed and never before; a refusal is told where it was pressed.

import { byId } from "./page.js";

const input = document.querySelector("[name=notifies]");
const told = byId("permission");

function tell(sentence) {
  told.textContent = sentence;
  told.hidden = !sentence;
}

function check() {
  if (!input.checked) return tell("");
  if (!("Notification" in window)) return tell(told.dataset.unknown);
  tell({ denied: told.dataset.denied, default: told.dataset.ask, granted: "" }[Notification.permission]);
}

input.addEventListener("change", async () => {
  if (input.checked && window.Notification?.permission === "default") await Notification.requestPermission();
  check();
  if (!told.hidden) input.checked = false; // what it says stays
});
check();
