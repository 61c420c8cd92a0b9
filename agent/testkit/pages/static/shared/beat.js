// A clock for the page's own thread: timers of a hidden page come once a second, those of a worker when they are due.
"use strict";
onmessage = ({ data }) => setTimeout(() => postMessage(data.id), data.ms);
