// The extension's worker: wires the browser's events and the line to the program together.

import { answer } from "./answer.js";
import { Finder, isFirefox } from "./firefox.js";
import { everyFrame, Memory } from "./frames.js";
import { keepLine } from "./port.js";
import { Steps } from "./step.js";

const memory = new Memory();
const finder = isFirefox(chrome) ? new Finder() : undefined;
const steps = new Steps((chrome) => everyFrame(chrome, finder), finder, memory);

chrome.webNavigation.onCommitted.addListener(({ processId, url }) => memory.see(processId, url));

// A listener is all it takes to be started with the browser.
chrome.runtime.onStartup.addListener(() => {});
chrome.runtime.onInstalled.addListener(() => {});

keepLine(chrome, (question) => answer(chrome, memory, question, finder, steps), () => finder?.trust());
