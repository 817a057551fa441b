// Browsers slow the timers of hidden tabs to once a minute, but not those of a worker: a nurse in another tab still hears.
setInterval(() => postMessage("tick"), 1000);
