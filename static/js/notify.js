// Tells a person who looks at something else that an answer is complete, where they asked for that. The notification
// holds no word of the conversation: others may see the screen.

import { words } from "./page.js";

document.addEventListener("answer-ended", () => {
  const wanted = "notifies" in document.documentElement.dataset;
  if (!wanted || !document.hidden || window.Notification?.permission !== "granted") return;
  const content = { body: words.ready, tag: location.pathname };
  try {
    const notification = new Notification("Voliere", content);
    notification.onclick = () => {
      window.focus();
      notification.close();
    };
  } catch {
    // browsers on phones show those of a service worker alone
    navigator.serviceWorker?.ready.then((registration) => registration.showNotification("Voliere", content));
  }
});
