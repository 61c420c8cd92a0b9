// The extension's worker: wires the browser's events, its own window and the line to the program together.

import { Finder } from "./finder.js";
import { GeckoFinder, isFirefox } from "./firefox.js";
import { Flagged, Warner } from "./flagged.js";
import { everyFrame, Memory } from "./frames.js";
import { agentRequests } from "./methods.js";
import { PopupRouter } from "./popup-router.js";
import { keepLine } from "./port.js";
import { measures, Steps } from "./step.js";

const memory = new Memory();
const finder = isFirefox(chrome) ? new GeckoFinder() : new Finder();
const steps = new Steps((chrome) => everyFrame(chrome, finder), finder, memory);
const flagged = new Flagged(chrome.storage.local);
const warner = new Warner(chrome, flagged);
const router = new PopupRouter(chrome, memory, finder, flagged, warner);

chrome.webNavigation.onCommitted.addListener((page) => {
  if (finder.trusted) memory.see(page.processId, page.url);
  warner.visited(page);
});
router.listen();

// A listener is all it takes to be started with the browser.
chrome.runtime.onStartup.addListener(() => {});
chrome.runtime.onInstalled.addListener(() => {});

/** @type {Line} */
const line = keepLine(chrome, {
  requests: agentRequests(chrome, memory, finder, steps),
  events: router.events(),
  begin: () => finder.trust(),
});
router.use(line);

// Firefox's manifest asks for what measuring takes, the others leave it to the person.
if (!isFirefox(chrome)) {
  const look = async () => line.measures(await measures(chrome));
  chrome.permissions.onAdded.addListener(look);
  chrome.permissions.onRemoved.addListener(look);
  look();
}
