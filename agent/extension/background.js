// The extension's worker: wires the browser's events and the line to the program together.

import { answer } from "./answer.js";
import { Finder, isFirefox } from "./firefox.js";
import { Memory } from "./frames.js";
import { keepLine } from "./port.js";

const memory = new Memory();
const finder = isFirefox(chrome) ? new Finder() : undefined;

chrome.webNavigation.onCommitted.addListener(({ processId, url }) => memory.see(processId, url));

// A listener is all it takes to be started with the browser.
chrome.runtime.onStartup.addListener(() => {});
chrome.runtime.onInstalled.addListener(() => {});

keepLine(chrome, (question) => answer(chrome, memory, question, finder));
