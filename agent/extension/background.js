// The extension's worker: wires the browser's events, its own window and the line to the program together.

import { answer } from "./answer.js";
import { Desk } from "./desk.js";
import { Finder } from "./finder.js";
import { GeckoFinder, isFirefox } from "./firefox.js";
import { Flagged, Warner } from "./flagged.js";
import { everyFrame, Memory } from "./frames.js";
import { keepLine } from "./port.js";
import { measures, Steps } from "./step.js";

const memory = new Memory();
const finder = isFirefox(chrome) ? new GeckoFinder() : new Finder();
const steps = new Steps((chrome) => everyFrame(chrome, finder), finder, memory);
const flagged = new Flagged(chrome.storage.local);
const warner = new Warner(chrome, flagged);
const desk = new Desk(chrome, memory, finder, flagged, warner);

chrome.webNavigation.onCommitted.addListener((page) => {
  if (finder.trusted) memory.see(page.processId, page.url);
  warner.visited(page);
});
desk.listen();

// A listener is all it takes to be started with the browser.
chrome.runtime.onStartup.addListener(() => {});
chrome.runtime.onInstalled.addListener(() => {});

const line = keepLine(
  chrome,
  (question) => answer(chrome, memory, question, finder, steps),
  () => finder.trust(),
  (message) => desk.told(message),
);
desk.use(line);

// Firefox's manifest asks for what measuring takes, the others leave it to the person.
if (!isFirefox(chrome)) {
  const look = async () => line.measures(await measures(chrome));
  chrome.permissions.onAdded.addListener(look);
  chrome.permissions.onRemoved.addListener(look);
  look();
}
