// The page for when the server cannot be reached, in the reader's language: another language is another worker.

navigator.serviceWorker?.register(`/service-worker.js?language=${document.documentElement.lang}`).catch(() => {});
